/**
 * Brief invokes take turns. Where this process has more to do than it can, more environments at work make nothing faster: an invoke that takes
 * a moment is over sooner when it waits for an environment that is about to come back, whose code and data are still in the processor's
 * caches, than when it wakes (or even starts) another one. So a generation has at most `briefAtOnce` environments out then, and whoever comes
 * next is held until one returns, first come, first served. What has been out for long does not count: it is not about to come back.
 *
 *     held ──one returns──▶ taken            held ──a look finds nothing gained──▶ taken, and nothing of the generation is held for a while
 *
 * That the function waits for something after all (others that wait too, a slow answer) shows at the looks, every `holdLookMs`: nothing
 * has come back since the one before, or this process has time to spare. Holding then costs more than it saves.
 */
import { retired, unavailable } from './answers.ts';
import type { Assigned } from './assignment.ts';
import { holdLookMs, sparingLoad, sparingPauseMs, stillPauseMs, strainedLoad } from './limits.ts';
import { type Pool, Waiter } from './pool.ts';
import type { Core } from './state-core.ts';

/** Gives an invoke its environment, however that can be had. */
export type Assign = (ticket: number, pool: Pool) => void;

export class Holding {
  readonly #core: Core;
  readonly #assign: Assign;
  readonly #pools = new Set<Pool>();
  #lookAtMs = Infinity;
  #size = 0;

  constructor(core: Core, assign: Assign) {
    this.#core = core;
    this.#assign = assign;
  }

  /** How many are held. */
  get size(): number {
    return this.#size;
  }

  /** When to look at what is held: monotonic ms, or Infinity. */
  get wakeAtMs(): number {
    return this.#lookAtMs;
  }

  /** Whether the next invoke of the pool should be held. */
  isDue(pool: Pool, nowMs: number): boolean {
    const { limits } = this.#core;
    return (
      pool.turnaround.out(nowMs) >= limits.briefAtOnce &&
      pool.turnaround.isBrief &&
      pool.held.size < limits.waitersPerGenerationMax &&
      nowMs >= pool.notHeldBeforeMs &&
      this.#core.load() >= strainedLoad
    );
  }

  hold(pool: Pool, ticket: number): void {
    const { nowMs } = this.#core;
    if (pool.held.size === 0) {
      this.#pools.add(pool);
      pool.heldSinceMs = nowMs;
      pool.returnsSeen = pool.turnaround.returns;
      this.#lookAtMs = Math.min(this.#lookAtMs, nowMs + holdLookMs);
    }
    pool.held.addLast(new Waiter(ticket, Infinity).inPool);
    this.#size += 1;
  }

  /** Fewer of the pool are out, or more are idle. */
  release(pool: Pool): void {
    if (pool.held.size === 0) return;
    const { limits, nowMs } = this.#core;
    let room = limits.briefAtOnce - pool.turnaround.out(nowMs);
    for (; room > 0 && pool.held.first !== undefined; room -= 1) {
      this.#assign(this.#leave(pool.held.first, pool), pool);
    }
  }

  tick(): void {
    const { nowMs } = this.#core;
    if (nowMs < this.#lookAtMs) return;
    for (const pool of this.#pools) {
      const isNew = nowMs < pool.heldSinceMs + holdLookMs;
      const isMoving = pool.turnaround.returns !== pool.returnsSeen;
      pool.returnsSeen = pool.turnaround.returns;
      if (isNew || (isMoving && this.#core.load() >= sparingLoad)) {
        this.release(pool);
        continue;
      }
      pool.notHeldBeforeMs = nowMs + (isMoving ? sparingPauseMs : stillPauseMs);
      while (pool.held.first !== undefined) this.#assign(this.#leave(pool.held.first, pool), pool);
    }
    this.#lookAtMs = this.#pools.size === 0 ? Infinity : nowMs + holdLookMs;
  }

  /** The generation serves no more. */
  retire(pool: Pool): void {
    this.#answerAll(pool, retired);
  }

  /** Another leader has the partition. */
  stepDown(): void {
    for (const pool of this.#pools) this.#answerAll(pool, unavailable('another leader has taken over'));
    this.#lookAtMs = Infinity;
  }

  #answerAll(pool: Pool, assigned: Assigned): void {
    while (pool.held.first !== undefined) {
      this.#core.do({ kind: 'answer', ticket: this.#leave(pool.held.first, pool), assigned });
    }
  }

  #leave(held: Waiter, pool: Pool): number {
    held.inPool.leave();
    this.#size -= 1;
    if (pool.held.size === 0) this.#pools.delete(pool);
    return held.ticket;
  }
}
