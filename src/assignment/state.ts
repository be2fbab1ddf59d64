/**
 * The state machine of one partition, pure: (event, now) → effects.
 *
 *     assign ─▶ admitting ─▶ placing ─▶ creating ─▶ idle ⇄ busy ─▶ retiring ─▶ (gone)
 *                               ▲           │         └──────────────▲
 *                               └─ refused ─┘  created on the worker AND durable in the journal
 *
 * Invariants:
 * - an environment is handed out only from `idle` (or straight from its start), only while the lease holds, and is `busy` from then on;
 * - every waiting invoke has a start of its own on the way (`waiters ≤ starting` in each pool), so each is answered, once;
 * - a retired pool hands out nothing;
 * - what the ledger says exists is what a replay of the journal yields.
 */
import { assert, unreachable } from '#lib/assert';
import type { VersionRecord } from '#metadata';
import { assignedOf, crowded, noRoom, retired, unavailable } from './answers.ts';
import type { Assigned } from './assignment.ts';
import type { Effect, Event } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Limits } from './limits.ts';
import { Environment } from './pool.ts';
import type { Shared, Waiter } from './pool.ts';
import type { Adopted } from './reconcile.ts';
import { Roster } from './roster.ts';
import { versionArn } from './partitioning.ts';

export interface PartitionOptions {
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly shared: Shared;
  /** Ids of new environments: never the same twice. */
  readonly newId: () => string;
  readonly adopted: readonly Adopted[];
}

const nothing: readonly Effect[] = [];

export class PartitionState {
  readonly #limits: Limits;
  readonly #ledger: Ledger;
  readonly #shared: Shared;
  readonly #newId: () => string;
  readonly #roster: Roster;
  #effects: Effect[] = [];

  constructor(options: PartitionOptions, nowMs: number) {
    this.#limits = options.limits;
    this.#ledger = options.ledger;
    this.#shared = options.shared;
    this.#newId = options.newId;
    this.#roster = new Roster(options.shared);
    for (const { record, state } of options.adopted) {
      const pool = this.#roster.poolOf(record.generation, undefined);
      const environment = new Environment(record.id, pool, 'busy', record.memoryMb, nowMs);
      environment.workerId = record.workerId;
      environment.isCreated = true;
      environment.isDurable = true;
      this.#roster.add(environment);
      if (state === 'retiring') environment.state = 'retiring';
      if (state === 'idle') this.#roster.enterIdle(environment, nowMs);
    }
  }

  /** The warm path: the most recently used idle environment of the generation, now the caller's. Undefined: send `assign`. */
  take(generation: string, nowMs: number): Assigned | undefined {
    const environment = this.#roster.pool(generation)?.idle.first;
    if (environment === undefined || !this.#ledger.holdsLease(nowMs)) return undefined;
    this.#roster.leaveIdle(environment, 'busy');
    return assignedOf(environment);
  }

  handle(event: Event, nowMs: number): readonly Effect[] {
    this.#apply(event, nowMs);
    const append = this.#ledger.begin(nowMs);
    if (append !== undefined) this.#effects.push({ kind: 'append', ...append });
    if (this.#effects.length === 0) return nothing;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Since when the environment idle for longest has been so: monotonic ms, or Infinity. */
  idleSinceMs(): number {
    return this.#roster.oldestIdle?.sinceMs ?? Infinity;
  }

  /** When the next `tick` is needed: monotonic ms, or Infinity. It only ever moves later without an event that says so. */
  wakeAtMs(): number {
    const { idleMs, coldStartMs } = this.#limits;
    return Math.min(
      (this.#roster.oldestIdle?.sinceMs ?? Infinity) + idleMs,
      (this.#roster.oldestStarting?.sinceMs ?? Infinity) + coldStartMs,
      this.#roster.oldestWaiter?.deadlineMs ?? Infinity,
      this.#ledger.wakeAtMs(),
    );
  }

  /** For tests and for people: every environment and its state, and how many invokes wait. */
  inspect(): {
    readonly environments: readonly { id: string; generation: string; state: Environment['state'] }[];
    readonly waiting: number;
  } {
    const environments = [...this.#roster.environments()].map(({ id, pool, state }) => ({
      id,
      generation: pool.generation,
      state,
    }));
    return { environments, waiting: this.#roster.waiting };
  }

  #apply(event: Event, nowMs: number): void {
    switch (event.kind) {
      case 'assign':
        return this.#assign(event.ticket, event.version, nowMs);
      case 'admitted': {
        const environment = this.#roster.findIn(event.environmentId, 'admitting');
        if (environment === undefined) return undefined;
        if (event.admission.kind === 'throttled') return this.#failStart(environment, event.admission);
        return this.#place(environment);
      }
      case 'placed': {
        const environment = this.#roster.findIn(event.environmentId, 'placing');
        const { placed, memoryMb } = event;
        if (placed.kind !== 'placed') {
          this.#do({ kind: 'make-room' });
          if (environment === undefined) return undefined;
          const isFull = placed.kind === 'full' && environment.refusal === undefined;
          return this.#failStart(environment, isFull ? crowded : noRoom(environment, placed.message));
        }
        // Its start was given up meanwhile: placement must not count it.
        if (environment === undefined)
          return this.#do({ kind: 'unplace', workerId: placed.workerId, memoryMb });
        environment.workerId = placed.workerId;
        return this.#create(environment, placed.workerId);
      }
      case 'created':
        return this.#created(event, nowMs);
      case 'start-failed': {
        const environment = this.#roster.find(event.environmentId);
        if (environment?.isStarting === true) this.#failStart(environment, unavailable(event.message));
        return undefined;
      }
      case 'idle': {
        const environment = this.#roster.findIn(event.environmentId, 'busy');
        if (environment !== undefined) this.#offer(environment, nowMs);
        return undefined;
      }
      case 'gone': {
        const environment = this.#roster.find(event.environmentId);
        if (environment !== undefined) this.#gone(environment, event.reason, nowMs);
        return undefined;
      }
      case 'worker-lost':
        for (const environment of this.#roster.environments()) {
          if (environment.workerId === event.workerId) this.#gone(environment, 'its worker is lost', nowMs);
        }
        return undefined;
      case 'retire':
        return this.#retirePool(event.generation);
      case 'appended':
        return this.#appended(event.next, nowMs);
      case 'append-failed':
        for (const id of this.#ledger.failed(nowMs)) {
          const environment = this.#roster.find(id);
          if (environment !== undefined) this.#failStart(environment, unavailable(event.message));
        }
        return undefined;
      case 'append-conflict':
        return this.#stepDown();
      case 'yield':
        return this.#roster.oldestIdle && this.#retire(this.#roster.oldestIdle);
      case 'tick':
        return this.#tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  #assign(ticket: number, version: VersionRecord, nowMs: number): void {
    const answer = (assigned: Assigned): void => this.#do({ kind: 'answer', ticket, assigned });
    if (this.#shared.isRetired(version.generation)) return answer(retired);
    const { coldStartMs, waitersPerGenerationMax, environmentsPerPartitionMax } = this.#limits;
    const idle = this.take(version.generation, nowMs);
    if (idle !== undefined) return answer(idle);
    const pool = this.#roster.poolOf(version.generation, version);
    pool.version = version;
    if (pool.idle.size > 0) {
      this.#ledger.renewIfDue(nowMs);
      return answer(unavailable('the lease has run out and the journal has not taken its renewal'));
    }
    if (pool.waiters.size >= waitersPerGenerationMax) return answer(crowded);
    if (pool.starting <= pool.waiters.size) {
      if (this.#roster.size >= environmentsPerPartitionMax) {
        this.#roster.dropIfEmpty(pool);
        return answer(unavailable(`there are ${environmentsPerPartitionMax} environments already`));
      }
      this.#begin(new Environment(this.#newId(), pool, 'admitting', version.configuration.memoryMb, nowMs));
    }
    return this.#roster.addWaiter(pool, ticket, nowMs + coldStartMs);
  }

  #begin(environment: Environment): void {
    const { pool } = environment;
    assert(pool.version !== undefined, 'an invoke names the version before its environment starts');
    this.#roster.add(environment);
    if (environment.state === 'placing') return this.#place(environment);
    return this.#do({ kind: 'admit', environmentId: environment.id, version: pool.version });
  }

  #place(environment: Environment): void {
    const { pool, id } = environment;
    if (pool.retired) return this.#failStart(environment, retired);
    assert(pool.version !== undefined, 'an environment is placed for a version');
    environment.state = 'placing';
    return this.#do({
      kind: 'place',
      environmentId: id,
      version: pool.version,
      avoid: environment.refusedBy,
    });
  }

  #create(environment: Environment, workerId: string): void {
    const { pool, id, memoryMb } = environment;
    if (pool.retired) return this.#failStart(environment, retired);
    assert(pool.version !== undefined, 'an environment is created for a version');
    environment.state = 'creating';
    // The journal's record and the worker's work overlap; both must be there before the environment is handed out.
    this.#ledger.created({
      id,
      workerId,
      functionArn: versionArn(pool.version),
      generation: pool.generation,
      memoryMb,
      leaseMs: this.#limits.leaseMs,
    });
    return this.#do({ kind: 'create', environmentId: id, workerId, version: pool.version });
  }

  #created(event: Extract<Event, { kind: 'created' }>, nowMs: number): void {
    const { environmentId, workerId, outcome } = event;
    const environment = this.#roster.findIn(environmentId, 'creating');
    if (environment === undefined) {
      if (outcome.kind === 'created') this.#do({ kind: 'destroy', environmentId, workerId });
      return undefined;
    }
    switch (outcome.kind) {
      case 'created':
        environment.isCreated = true;
        if (environment.isDurable) this.#started(environment, nowMs);
        return undefined;
      case 'refused':
        return this.#startElsewhere(environment, outcome.reason, nowMs);
      case 'impossible': {
        this.#forget(environment);
        for (let waiter = environment.pool.waiters.first; waiter !== undefined;) {
          this.#answer(waiter, outcome);
          waiter = environment.pool.waiters.first;
        }
        return this.#roster.dropIfEmpty(environment.pool);
      }
      default:
        return unreachable(outcome);
    }
  }

  #started(environment: Environment, nowMs: number): void {
    this.#roster.started(environment);
    this.#offer(environment, nowMs);
  }

  /** A busy or just started environment is free: to the invoke that waits longest, else to the idle stack. */
  #offer(environment: Environment, nowMs: number): void {
    const { pool } = environment;
    if (pool.retired) return this.#retire(environment);
    const waiter = pool.waiters.first;
    if (waiter !== undefined && this.#ledger.holdsLease(nowMs)) {
      return this.#answer(waiter, assignedOf(environment));
    }
    this.#roster.enterIdle(environment, nowMs);
    const oldest = this.#roster.oldestIdle;
    if (this.#roster.idleIsFull && oldest !== undefined) this.#retire(oldest);
    return undefined;
  }

  #appended(next: number, nowMs: number): void {
    const { createdIds, trimBefore } = this.#ledger.appended(next);
    if (trimBefore !== undefined) this.#do({ kind: 'trim', before: trimBefore });
    for (const id of createdIds) {
      const environment = this.#roster.find(id);
      if (environment === undefined) continue;
      environment.isDurable = true;
      if (environment.isCreated) this.#started(environment, nowMs);
    }
    if (this.#roster.oldestWaiter === undefined || this.#roster.oldestIdle === undefined) return;
    // The lease had run out while environments were idle; it holds again.
    for (const pool of this.#roster.pools()) {
      for (let waiter = pool.waiters.first; waiter !== undefined; waiter = pool.waiters.first) {
        const assigned = this.take(pool.generation, nowMs);
        if (assigned === undefined) break;
        this.#answer(waiter, assigned);
      }
    }
  }

  #startElsewhere(environment: Environment, refusal: string, nowMs: number): void {
    const { pool, workerId, attempt } = environment;
    if (attempt >= this.#limits.startAttemptsMax || pool.retired || pool.waiters.size === 0) {
      return this.#failStart(environment, pool.retired ? retired : unavailable(refusal));
    }
    const refusedBy = new Set(environment.refusedBy);
    if (workerId !== undefined) refusedBy.add(workerId);
    const earlier = { attempt, refusedBy, refusal };
    const next = new Environment(this.#newId(), pool, 'placing', environment.memoryMb, nowMs, earlier);
    this.#begin(next);
    return this.#forget(environment);
  }

  /** Gives up a start; the invoke that came last is answered when no other start is on the way for it. */
  #failStart(environment: Environment, assigned: Assigned): void {
    if (environment.state === 'creating' && environment.workerId !== undefined) {
      this.#do({ kind: 'destroy', environmentId: environment.id, workerId: environment.workerId });
    }
    this.#forget(environment);
    const { pool } = environment;
    while (pool.waiters.last !== undefined && pool.waiters.size > pool.starting) {
      this.#answer(pool.waiters.last, assigned);
    }
    this.#roster.dropIfEmpty(pool);
  }

  #gone(environment: Environment, reason: string, nowMs: number): void {
    if (environment.isStarting) return this.#startElsewhere(environment, reason, nowMs);
    this.#forget(environment);
    return this.#roster.dropIfEmpty(environment.pool);
  }

  #retirePool(generation: string): void {
    const pool = this.#roster.pool(generation);
    if (pool === undefined) return;
    pool.retired = true;
    while (pool.waiters.first !== undefined) this.#answer(pool.waiters.first, retired);
    while (pool.idle.first !== undefined) this.#retire(pool.idle.first);
  }

  #retire(environment: Environment): void {
    if (environment.state === 'idle') this.#roster.leaveIdle(environment, 'retiring');
    environment.state = 'retiring';
    assert(environment.workerId !== undefined, 'an environment that has started is on a worker');
    this.#do({ kind: 'destroy', environmentId: environment.id, workerId: environment.workerId });
  }

  #tick(nowMs: number): void {
    const { idleMs, coldStartMs } = this.#limits;
    for (let waiter = this.#roster.oldestWaiter; waiter !== undefined; waiter = this.#roster.oldestWaiter) {
      if (waiter.deadlineMs > nowMs) break;
      this.#answer(waiter, unavailable(`no environment became free within ${coldStartMs / 1_000} s`));
    }
    for (let next = this.#roster.oldestStarting; next !== undefined; next = this.#roster.oldestStarting) {
      if (next.sinceMs + coldStartMs > nowMs) break;
      this.#failStart(next, unavailable(`an environment did not start within ${coldStartMs / 1_000} s`));
    }
    for (let oldest = this.#roster.oldestIdle; oldest !== undefined; oldest = this.#roster.oldestIdle) {
      if (oldest.sinceMs + idleMs > nowMs) break;
      this.#retire(oldest);
    }
    this.#ledger.renewIfDue(nowMs);
  }

  /** Another leader has the journal, and with it every environment that is in there. */
  #stepDown(): void {
    for (let waiter = this.#roster.oldestWaiter; waiter !== undefined; waiter = this.#roster.oldestWaiter) {
      this.#answer(waiter, unavailable('another leader has taken over'));
    }
    for (const { state, isDurable, workerId, id, memoryMb } of this.#roster.environments()) {
      if (workerId === undefined) continue;
      if (state === 'creating' && !isDurable) this.#do({ kind: 'destroy', environmentId: id, workerId });
      this.#do({ kind: 'unplace', workerId, memoryMb });
    }
    this.#roster.clear();
    this.#do({ kind: 'step-down' });
  }

  #answer(waiter: Waiter, assigned: Assigned): void {
    this.#roster.removeWaiter(waiter);
    this.#do({ kind: 'answer', ticket: waiter.ticket, assigned });
  }

  #forget(environment: Environment): void {
    const { id, workerId, memoryMb } = environment;
    this.#roster.remove(environment);
    this.#ledger.removed(id);
    if (workerId !== undefined) this.#do({ kind: 'unplace', workerId, memoryMb });
  }

  #do(effect: Effect): void {
    this.#effects.push(effect);
  }
}
