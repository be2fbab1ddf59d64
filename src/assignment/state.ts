/**
 * The state machine of one partition, pure: (event, now) → effects. How environments start is in `state-starts.ts`, how they are kept ready
 * in `state-keeping.ts`, when an invoke is held for one that is about to come back in `state-holding.ts`.
 *
 *     assign, want ─▶ admitting ─▶ placing ─▶ creating ─▶ idle ⇄ busy ─▶ retiring ─▶ (gone)
 *
 * Invariants:
 * - an environment is handed out only from `idle` (or straight from its start), only while the lease holds, and is `busy` from then on;
 * - every waiting invoke has a start of its own on the way (`waiters ≤ starting` in each pool), or is held while others of its pool come
 *   back, so each is answered, once;
 * - a retired pool hands out nothing, and keeps nothing ready;
 * - what is kept ready is handed out first, and ends only by itself, or when it is not wanted any more;
 * - what the ledger says exists is what a replay of the journal yields.
 */
import { assert, unreachable } from '#lib/assert';
import type { VersionRecord } from '#metadata';
import { assignedOf, crowded, retired, unavailable } from './answers.ts';
import type { Assigned, ProvisionedStatus } from './assignment.ts';
import type { Effect, Event } from './events.ts';
import { startRetryMs } from './limits.ts';
import { Environment, type Pool } from './pool.ts';
import type { Adopted } from './reconcile.ts';
import { Core, type CoreOptions } from './state-core.ts';
import { Holding } from './state-holding.ts';
import { Keeping } from './state-keeping.ts';
import { Starts } from './state-starts.ts';

export interface PartitionOptions extends CoreOptions {
  readonly adopted: readonly Adopted[];
}

export class PartitionState {
  readonly #core: Core;
  readonly #starts: Starts;
  readonly #keeping: Keeping;
  readonly #holding: Holding;

  constructor(options: PartitionOptions, nowMs: number) {
    this.#core = new Core(options);
    this.#starts = new Starts(this.#core, {
      started: (environment) => this.#offer(environment),
      keptFailed: ({ pool }, reason, isOwnFault) => this.#keeping.failed(pool, reason, isOwnFault),
      keptDelayed: ({ pool }, delayMs) => this.#keeping.delayed(pool, delayMs),
    });
    this.#keeping = new Keeping(this.#core, this.#starts);
    this.#holding = new Holding(this.#core, (ticket, pool) => this.#assignNow(ticket, pool));
    const { roster } = this.#core;
    for (const { record, state } of options.adopted) {
      const pool = roster.poolOf(record.generation, undefined);
      const environment = new Environment(record.id, pool, 'busy', record.memoryMb, nowMs, {
        provisioned: record.isProvisioned === true,
      });
      environment.workerId = record.workerId;
      environment.isCreated = true;
      environment.isDurable = true;
      roster.add(environment);
      if (state === 'retiring') roster.retire(environment);
      if (state === 'idle') roster.enterIdle(environment, nowMs);
    }
  }

  /**
   * The warm path: an idle environment of the generation, of those that are kept ready if one is there, the most recently used one, now
   * the caller's. Undefined: send `assign`.
   */
  take(generation: string, nowMs: number): Assigned | undefined {
    const pool = this.#core.roster.pool(generation);
    return pool === undefined || this.#holding.isDue(pool, nowMs) ? undefined : this.#take(pool, nowMs);
  }

  #take(pool: Pool, nowMs: number): Assigned | undefined {
    const environment = pool.kept.first ?? pool.idle.first;
    if (environment === undefined || !this.#core.ledger.holdsLease(nowMs)) return undefined;
    this.#core.roster.leaveIdle(environment, 'busy');
    this.#core.roster.handedOut(environment, nowMs);
    return assignedOf(environment);
  }

  handle(event: Event, nowMs: number): readonly Effect[] {
    const { ledger } = this.#core;
    this.#core.nowMs = nowMs;
    this.#apply(event, nowMs);
    const append = ledger.begin(nowMs);
    if (append !== undefined) this.#core.do({ kind: 'append', ...append });
    return this.#core.takeEffects();
  }

  /** Since when the environment idle for longest has been so: monotonic ms, or Infinity. */
  idleSinceMs(): number {
    return this.#core.roster.oldestIdle?.sinceMs ?? Infinity;
  }

  /** When the next `tick` is needed: monotonic ms, or Infinity. It only ever moves later without an event that says so. */
  wakeAtMs(): number {
    const { limits, ledger, roster } = this.#core;
    return Math.min(
      (roster.oldestIdle?.sinceMs ?? Infinity) + limits.idleMs,
      (roster.oldestStarting?.sinceMs ?? Infinity) + limits.coldStartMs,
      (roster.oldestKeptStarting?.sinceMs ?? Infinity) + limits.keptStartMs,
      (roster.longestResting?.restingSinceMs ?? Infinity) + startRetryMs,
      roster.oldestWaiter?.deadlineMs ?? Infinity,
      this.#holding.wakeAtMs,
      this.#keeping.wakeAtMs,
      ledger.wakeAtMs(),
    );
  }

  /** What is kept ready of a generation; undefined where nothing is wanted. */
  provisioned(generation: string): ProvisionedStatus | undefined {
    const pool = this.#core.roster.pool(generation);
    return pool === undefined || pool.provision.wanted === 0
      ? undefined
      : pool.provision.status(pool.kept.size);
  }

  /** For tests and for people: every environment and its state, and how many invokes wait. */
  inspect(): {
    readonly environments: readonly {
      readonly id: string;
      readonly generation: string;
      readonly state: Environment['state'];
      readonly isProvisioned: boolean;
    }[];
    readonly waiting: number;
    /** Those of them that are held, by generation. */
    readonly held: ReadonlyMap<string, number>;
  } {
    const { roster } = this.#core;
    const environments = [...roster.environments()].map(({ id, pool, state, isProvisioned }) => ({
      id,
      generation: pool.generation,
      state,
      isProvisioned,
    }));
    const held = new Map([...roster.pools()].map((pool) => [pool.generation, pool.held.size]));
    return { environments, waiting: roster.waiting + this.#holding.size, held };
  }

  #apply(event: Event, nowMs: number): void {
    const { roster, ledger } = this.#core;
    switch (event.kind) {
      case 'assign':
        return this.#assign(event.ticket, event.version, nowMs);
      case 'want':
        return this.#keeping.want(event.version, event.count);
      case 'admitted':
        return this.#starts.admitted(event);
      case 'placed':
        return this.#starts.placed(event);
      case 'created':
        return this.#starts.created(event);
      case 'start-failed': {
        const environment = roster.find(event.environmentId);
        if (environment?.isStarting === true) this.#starts.fail(environment, unavailable(event.message));
        return undefined;
      }
      case 'idle': {
        const environment = roster.findIn(event.environmentId, 'busy');
        if (environment === undefined) return undefined;
        roster.cameBack(environment, nowMs);
        return this.#offer(environment);
      }
      case 'gone': {
        const environment = roster.find(event.environmentId);
        if (environment !== undefined) this.#gone(environment, event.reason, nowMs - environment.startedAtMs);
        return undefined;
      }
      case 'worker-lost':
        for (const environment of roster.environments()) {
          if (environment.workerId === event.workerId)
            this.#gone(environment, 'its worker is lost', Infinity);
        }
        return undefined;
      case 'retire':
        return this.#retirePool(event.generation);
      case 'appended':
        return this.#appended(event.next, nowMs);
      case 'append-failed':
        for (const id of ledger.failed(nowMs)) {
          const environment = roster.find(id);
          if (environment !== undefined) this.#starts.fail(environment, unavailable(event.message));
        }
        return undefined;
      case 'append-conflict':
        return this.#stepDown();
      case 'yield':
        return roster.oldestIdle && this.#core.retire(roster.oldestIdle);
      case 'tick':
        return this.#tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  #assign(ticket: number, version: VersionRecord, nowMs: number): void {
    const { roster, shared } = this.#core;
    if (shared.isRetired(version.generation)) {
      return this.#core.do({ kind: 'answer', ticket, assigned: retired });
    }
    const pool = roster.poolOf(version.generation, version);
    pool.version = version;
    if (this.#holding.isDue(pool, nowMs)) return this.#holding.hold(pool, ticket);
    return this.#assignNow(ticket, pool);
  }

  #assignNow(ticket: number, pool: Pool): void {
    const { limits, ledger, roster, newId, nowMs } = this.#core;
    const { version } = pool;
    assert(version !== undefined, 'an invoke names its version');
    const answer = (assigned: Assigned): void => this.#core.do({ kind: 'answer', ticket, assigned });
    const idle = this.#take(pool, nowMs);
    if (idle !== undefined) return answer(idle);
    if (pool.idle.size + pool.kept.size > 0) {
      ledger.renewIfDue(nowMs);
      return answer(unavailable('the lease has run out and the journal has not taken its renewal'));
    }
    if (pool.waiters.size >= limits.waitersPerGenerationMax) return answer(crowded);
    if (pool.starting <= pool.waiters.size) {
      if (roster.size >= limits.environmentsPerPartitionMax) {
        roster.dropIfEmpty(pool);
        return answer(unavailable(`there are ${limits.environmentsPerPartitionMax} environments already`));
      }
      const { memoryMb } = version.configuration;
      this.#starts.begin(new Environment(newId(), pool, 'admitting', memoryMb, nowMs));
    }
    return roster.addWaiter(pool, ticket, nowMs + limits.coldStartMs);
  }

  /** A busy or just started environment is free: to the invoke that waits longest, else to the idle stack. */
  #offer(environment: Environment): void {
    const { roster, ledger, nowMs } = this.#core;
    const { pool, isProvisioned } = environment;
    if (pool.retired) return this.#core.retire(environment);
    if (isProvisioned && pool.provision.isKnown && pool.provision.ready > pool.provision.wanted) {
      this.#core.retire(environment);
      this.#keeping.fill(pool);
      return this.#holding.release(pool);
    }
    const waiter = pool.waiters.first;
    if (waiter !== undefined && ledger.holdsLease(nowMs)) this.#core.hand(waiter, environment);
    else {
      roster.enterIdle(environment, nowMs);
      const oldest = roster.oldestIdle;
      if (roster.idleIsFull && oldest !== undefined) this.#core.retire(oldest);
    }
    // A start has ended: the next may begin.
    if (isProvisioned && pool.provision.missing > 0) this.#keeping.fill(pool);
    return this.#holding.release(pool);
  }

  #appended(next: number, nowMs: number): void {
    const { ledger, roster } = this.#core;
    const { createdIds, trimBefore } = ledger.appended(next);
    if (trimBefore !== undefined) this.#core.do({ kind: 'trim', before: trimBefore });
    for (const id of createdIds) {
      const environment = roster.find(id);
      if (environment !== undefined) this.#starts.durable(environment);
    }
    if (roster.oldestWaiter === undefined || !roster.hasIdle) return;
    // The lease had run out while environments were idle; it holds again.
    for (const pool of roster.pools()) {
      for (let waiter = pool.waiters.first; waiter !== undefined; waiter = pool.waiters.first) {
        const assigned = this.#take(pool, nowMs);
        if (assigned === undefined) break;
        this.#core.answer(waiter, assigned);
      }
    }
  }

  /** `ageMs`: Infinity where it is not its own doing. */
  #gone(environment: Environment, reason: string, ageMs: number): void {
    if (environment.isStarting) return this.#starts.elsewhere(environment, reason);
    const wasReady = environment.isProvisioned && environment.state !== 'retiring';
    this.#core.forget(environment);
    this.#holding.release(environment.pool);
    // What has served an invoke was well: its version starts and works, and whoever ends it is not its start.
    if (wasReady) this.#keeping.died(environment.pool, environment.hasServed ? Infinity : ageMs);
    return this.#core.roster.dropIfEmpty(environment.pool);
  }

  #retirePool(generation: string): void {
    const pool = this.#core.roster.pool(generation);
    if (pool === undefined) return;
    pool.retired = true;
    this.#holding.retire(pool);
    while (pool.waiters.first !== undefined) this.#core.answer(pool.waiters.first, retired);
    while (pool.idle.first !== undefined) this.#core.retire(pool.idle.first);
    this.#keeping.retired(pool);
    this.#core.roster.dropIfEmpty(pool);
  }

  #tick(nowMs: number): void {
    const { limits, ledger, roster } = this.#core;
    for (let waiter = roster.oldestWaiter; waiter !== undefined; waiter = roster.oldestWaiter) {
      if (waiter.deadlineMs > nowMs) break;
      const message = `no environment became free within ${limits.coldStartMs / 1_000} s`;
      this.#core.answer(waiter, unavailable(message));
    }
    this.#holding.tick();
    this.#starts.tick();
    for (let oldest = roster.oldestIdle; oldest !== undefined; oldest = roster.oldestIdle) {
      if (oldest.sinceMs + limits.idleMs > nowMs) break;
      this.#core.retire(oldest);
    }
    this.#keeping.tick();
    ledger.renewIfDue(nowMs);
  }

  /** Another leader has the journal, and with it every environment that is in there. */
  #stepDown(): void {
    const { roster } = this.#core;
    for (let waiter = roster.oldestWaiter; waiter !== undefined; waiter = roster.oldestWaiter) {
      this.#core.answer(waiter, unavailable('another leader has taken over'));
    }
    this.#holding.stepDown();
    for (const { state, isDurable, workerId, id, memoryMb } of roster.environments()) {
      if (workerId === undefined) continue;
      if (state === 'creating' && !isDurable) {
        this.#core.do({ kind: 'destroy', environmentId: id, workerId });
      }
      this.#core.do({ kind: 'unplace', workerId, memoryMb });
    }
    roster.clear();
    this.#keeping.clear();
    this.#core.do({ kind: 'step-down' });
  }
}
