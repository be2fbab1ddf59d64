/**
 * Keeps as many environments of a version ready as are wanted: starts what is missing, a few at a time, replaces what dies, ends what is too
 * many. What fails is tried again, at first soon, then ever more rarely.
 *
 *     wanted 3:   ready ready starting      one dies ─▶ another start      wanted 1 ─▶ starts dropped, idle ones ended, busy ones after their invoke
 */
import { assert } from '#lib/assert';
import type { VersionRecord } from '#metadata';
import { Environment, type Pool } from './pool.ts';
import type { Core } from './state-core.ts';

/** What it needs of those who start environments. */
export interface Starting {
  begin(environment: Environment): void;
  /** Gives up a start, whatever it has come to. */
  drop(environment: Environment): void;
}

export class Keeping {
  readonly #core: Core;
  readonly #starting: Starting;
  /** Pools with something missing that may not be started yet. */
  readonly #lacking = new Set<Pool>();
  #wakeAtMs = Infinity;

  constructor(core: Core, starting: Starting) {
    this.#core = core;
    this.#starting = starting;
  }

  /** When a start may be tried again: monotonic ms, or Infinity. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  /** So many are wanted of the version from now on. */
  want(version: VersionRecord, count: number): void {
    const { roster, shared } = this.#core;
    const { generation } = version;
    const pool = count > 0 ? roster.poolOf(generation, version) : roster.pool(generation);
    if (pool === undefined || shared.isRetired(generation)) {
      if (pool !== undefined) roster.dropIfEmpty(pool);
      return;
    }
    pool.version = version;
    pool.provision.want(count);
    roster.keepIdle(pool);
    this.#shed(pool);
    this.fill(pool);
    roster.dropIfEmpty(pool);
  }

  /** Starts what is missing, as far as that may be now. */
  fill(pool: Pool): void {
    const { limits, nowMs, newId, roster } = this.#core;
    const { provision } = pool;
    while (provision.missing > 0 && provision.starting < limits.keptStartsMax && !pool.retired) {
      if (roster.size >= limits.environmentsPerPartitionMax && nowMs >= provision.retryAtMs) {
        const most = limits.environmentsPerPartitionMax;
        provision.failed(`there are ${most} environments already`, false, nowMs);
      }
      if (nowMs < provision.retryAtMs) break;
      assert(pool.version !== undefined, 'what is wanted is wanted of a version');
      const { memoryMb } = pool.version.configuration;
      this.#starting.begin(
        new Environment(newId(), pool, 'admitting', memoryMb, nowMs, { provisioned: true }),
      );
    }
    this.#watch(pool);
  }

  /** A start for this purpose came to nothing and is forgotten. */
  failed(pool: Pool, reason: string, isOwnFault: boolean): void {
    if (pool.provision.wanted === 0) return;
    pool.provision.failed(reason, isOwnFault, this.#core.nowMs);
    this.fill(pool);
  }

  delayed(pool: Pool, delayMs: number): void {
    pool.provision.delay(delayMs, this.#core.nowMs);
    this.fill(pool);
  }

  /** One that was ready is gone, and forgotten. */
  died(pool: Pool, ageMs: number): void {
    if (pool.provision.wanted === 0) return;
    pool.provision.died(ageMs, this.#core.nowMs);
    this.fill(pool);
  }

  tick(): void {
    if (this.#wakeAtMs > this.#core.nowMs) return;
    for (const pool of this.#lacking) this.fill(pool);
  }

  /** The generation serves no more. */
  retired(pool: Pool): void {
    pool.provision.want(0);
    this.#shed(pool);
    this.#watch(pool);
  }

  clear(): void {
    this.#lacking.clear();
    this.#wakeAtMs = Infinity;
  }

  #shed(pool: Pool): void {
    const { provision } = pool;
    if (provision.surplus === 0) return;
    for (const environment of this.#core.roster.startsOf(pool)) {
      if (provision.surplus === 0) return;
      this.#starting.drop(environment);
    }
    for (let last = pool.kept.last; last !== undefined && provision.surplus > 0; last = pool.kept.last) {
      this.#core.retire(last);
    }
    // Busy ones end after their invoke.
  }

  #watch(pool: Pool): void {
    const lacks = pool.provision.missing > 0 && !pool.retired && pool.provision.retryAtMs > this.#core.nowMs;
    if (lacks) this.#lacking.add(pool);
    else if (!this.#lacking.delete(pool)) return;
    this.#wakeAtMs = Infinity;
    for (const { provision } of this.#lacking) this.#wakeAtMs = Math.min(this.#wakeAtMs, provision.retryAtMs);
  }
}
