/**
 * The way of an environment from the wish to have it until it takes invokes:
 *
 *     admitting ─▶ placing ─▶ creating ─▶ started (created on the worker AND durable in the journal)
 *                     ▲           │
 *                     ├─ refused ─┘  another worker, with another id
 *     resting ────────┘  every worker has refused: all of them again, a little later
 */
import { assert, unreachable } from '#lib/assert';
import { crowded, initFailure, noRoom, retired, unavailable } from './answers.ts';
import type { Assigned } from './assignment.ts';
import type { Event } from './events.ts';
import { startRetryMs } from './limits.ts';
import { versionArn } from './partitioning.ts';
import { Environment } from './pool.ts';
import type { Core } from './state-core.ts';

/** What becomes of starts, for whoever wanted them. */
export interface StartEnds {
  started(environment: Environment): void;
  /** Of an environment that was to be kept ready. */
  keptFailed(environment: Environment, reason: string, isOwnFault: boolean): void;
  keptDelayed(environment: Environment, delayMs: number): void;
}

export class Starts {
  readonly #core: Core;
  readonly #ends: StartEnds;

  constructor(core: Core, ends: StartEnds) {
    this.#core = core;
    this.#ends = ends;
  }

  begin(environment: Environment): void {
    const { pool } = environment;
    assert(pool.version !== undefined, 'an invoke names the version before its environment starts');
    this.#core.roster.add(environment);
    if (environment.state === 'placing') return this.#place(environment);
    return this.#core.do({ kind: 'admit', environmentId: environment.id, version: pool.version });
  }

  admitted({ environmentId, admission }: Extract<Event, { kind: 'admitted' }>): void {
    const environment = this.#core.roster.findIn(environmentId, 'admitting');
    if (environment === undefined) return;
    if (admission.kind === 'granted') return this.#place(environment);
    if (!environment.isProvisioned) return this.fail(environment, admission);
    this.drop(environment);
    this.#ends.keptDelayed(environment, admission.retryAfterSeconds * 1_000);
  }

  placed({ environmentId, placed, memoryMb }: Extract<Event, { kind: 'placed' }>): void {
    const environment = this.#core.roster.findIn(environmentId, 'placing');
    if (placed.kind !== 'placed') {
      this.#core.do({ kind: 'make-room' });
      if (environment === undefined) return undefined;
      if (environment.refusedBy.size > 0) return this.#core.roster.rest(environment, this.#core.nowMs);
      const isFull = placed.kind === 'full' && environment.refusal === undefined;
      return this.fail(environment, isFull ? crowded : noRoom(environment, placed.message));
    }
    // Its start was given up meanwhile: placement must not count it.
    if (environment === undefined) {
      return this.#core.do({ kind: 'unplace', workerId: placed.workerId, memoryMb });
    }
    environment.workerId = placed.workerId;
    return this.#create(environment, placed.workerId);
  }

  created({ environmentId, workerId, outcome }: Extract<Event, { kind: 'created' }>): void {
    const environment = this.#core.roster.findIn(environmentId, 'creating');
    if (environment === undefined) {
      if (outcome.kind === 'created') this.#core.do({ kind: 'destroy', environmentId, workerId });
      return undefined;
    }
    switch (outcome.kind) {
      case 'created':
        environment.isCreated = true;
        if (environment.isDurable) this.#started(environment);
        return undefined;
      case 'refused':
        return this.elsewhere(environment, outcome.reason);
      case 'init-failed':
        this.#core.forget(environment);
        return this.#ends.keptFailed(environment, initFailure, true);
      case 'impossible': {
        this.#core.forget(environment);
        const { pool } = environment;
        if (environment.isProvisioned) {
          return this.#ends.keptFailed(environment, `${outcome.errorType}: ${outcome.message}`, true);
        }
        while (pool.waiters.first !== undefined) this.#core.answer(pool.waiters.first, outcome);
        return this.#core.roster.dropIfEmpty(pool);
      }
      default:
        return unreachable(outcome);
    }
  }

  /** Its creation is durable. */
  durable(environment: Environment): void {
    environment.isDurable = true;
    if (environment.isCreated) this.#started(environment);
  }

  elsewhere(environment: Environment, refusal: string): void {
    const { pool, workerId, attempt, isProvisioned } = environment;
    const { limits, nowMs, newId } = this.#core;
    const wanted = isProvisioned ? pool.provision.wanted > 0 : pool.waiters.size > 0;
    if (attempt >= limits.startAttemptsMax || pool.retired || !wanted) {
      return this.fail(environment, pool.retired ? retired : unavailable(refusal));
    }
    const refusedBy = new Set(environment.refusedBy);
    if (workerId !== undefined) refusedBy.add(workerId);
    const earlier = { attempt, refusedBy, refusal, provisioned: isProvisioned };
    const next = new Environment(newId(), pool, 'placing', environment.memoryMb, nowMs, earlier);
    this.begin(next);
    return this.#core.forget(environment);
  }

  /** Gives up a start; the invoke that came last is answered when no other start is on the way for it. */
  fail(environment: Environment, assigned: Assigned): void {
    this.drop(environment);
    const { pool } = environment;
    if (environment.isProvisioned) {
      const reason = 'message' in assigned ? assigned.message : 'all workers are full';
      this.#ends.keptFailed(environment, reason, false);
    }
    while (pool.waiters.last !== undefined && pool.waiters.size > pool.starting) {
      this.#core.answer(pool.waiters.last, assigned);
    }
    this.#core.roster.dropIfEmpty(pool);
  }

  drop(environment: Environment): void {
    if (environment.state === 'creating' && environment.workerId !== undefined) {
      this.#core.do({ kind: 'destroy', environmentId: environment.id, workerId: environment.workerId });
    }
    this.#core.forget(environment);
  }

  tick(): void {
    const { limits, nowMs, roster } = this.#core;
    for (let next = roster.oldestStarting; next !== undefined; next = roster.oldestStarting) {
      if (next.sinceMs + limits.coldStartMs > nowMs) break;
      this.fail(next, tooLong(limits.coldStartMs));
    }
    for (let next = roster.oldestKeptStarting; next !== undefined; next = roster.oldestKeptStarting) {
      if (next.sinceMs + limits.keptStartMs > nowMs) break;
      this.fail(next, tooLong(limits.keptStartMs));
    }
    for (let next = roster.longestResting; next !== undefined; next = roster.longestResting) {
      if (next.restingSinceMs + startRetryMs > nowMs) break;
      roster.rested(next);
      next.refusedBy = new Set();
      this.#place(next);
    }
  }

  #started(environment: Environment): void {
    this.#core.roster.started(environment, this.#core.nowMs);
    if (environment.isProvisioned) environment.pool.provision.succeeded();
    this.#ends.started(environment);
  }

  #place(environment: Environment): void {
    const { pool, id } = environment;
    if (pool.retired) return this.fail(environment, retired);
    assert(pool.version !== undefined, 'an environment is placed for a version');
    environment.state = 'placing';
    return this.#core.do({
      kind: 'place',
      environmentId: id,
      version: pool.version,
      avoid: environment.refusedBy,
    });
  }

  #create(environment: Environment, workerId: string): void {
    const { pool, id, memoryMb, isProvisioned } = environment;
    if (pool.retired) return this.fail(environment, retired);
    assert(pool.version !== undefined, 'an environment is created for a version');
    environment.state = 'creating';
    // The journal's record and the worker's work overlap; both must be there before the environment is handed out.
    this.#core.ledger.created({
      id,
      workerId,
      functionArn: versionArn(pool.version),
      generation: pool.generation,
      memoryMb,
      leaseMs: this.#core.limits.leaseMs,
      ...(isProvisioned && { isProvisioned }),
    });
    return this.#core.do({
      kind: 'create',
      environmentId: id,
      workerId,
      version: pool.version,
      initialization: isProvisioned ? 'provisioned-concurrency' : 'on-demand',
    });
  }
}

const tooLong = (ms: number): Assigned => unavailable(`an environment did not start within ${ms / 1_000} s`);
