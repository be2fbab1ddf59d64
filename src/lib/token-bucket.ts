/**
 * A token bucket: a rate with a burst. It starts full, and refills continuously up to its capacity. Time is an argument, so it
 * decides the same way under a real clock and a simulated one.
 */
import { assert } from '#lib/assert';

export interface Rate {
  /** The most tokens that the bucket holds: the burst. */
  readonly capacity: number;
  /** Tokens that come back per second, spread evenly over it. */
  readonly refillPerSecond: number;
}

/** Tokens that refilling in many small steps may lose to rounding, and that are therefore not missed. */
const roundingTokens = 1e-9;

export class TokenBucket {
  #rate: Rate;
  #tokens: number;
  #countedAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    checkRate(rate);
    this.#rate = rate;
    this.#tokens = rate.capacity;
    this.#countedAtMs = nowMs;
  }

  /** Takes `count` tokens if that many are there, else none. A `now` before the last one counts as the last one. */
  take(nowMs: number, count = 1): boolean {
    assert(count >= 0, `count must not be negative: ${count}`);
    this.#refill(nowMs);
    if (this.#tokens + roundingTokens < count) return false;
    this.#tokens = Math.max(0, this.#tokens - count);
    return true;
  }

  /** Puts tokens back that were taken for something that then did not happen. */
  giveBack(nowMs: number, count = 1): void {
    assert(count >= 0, `count must not be negative: ${count}`);
    this.#refill(nowMs);
    this.#tokens = Math.min(this.#rate.capacity, this.#tokens + count);
  }

  available(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens;
  }

  /** Milliseconds until `take(count)` would succeed: 0 now, Infinity never (more than the capacity, or no refill). */
  waitMs(nowMs: number, count = 1): number {
    this.#refill(nowMs);
    if (this.#tokens + roundingTokens >= count) return 0;
    if (count > this.#rate.capacity || this.#rate.refillPerSecond === 0) return Infinity;
    return ((count - this.#tokens) / this.#rate.refillPerSecond) * 1000;
  }

  /** Changes the rate from now on; tokens above a smaller capacity are lost, a larger one is filled by time. */
  setRate(nowMs: number, rate: Rate): void {
    checkRate(rate);
    this.#refill(nowMs);
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, rate.capacity);
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#countedAtMs) return;
    const grown = this.#tokens + ((nowMs - this.#countedAtMs) / 1000) * this.#rate.refillPerSecond;
    this.#tokens = Math.min(this.#rate.capacity, grown);
    this.#countedAtMs = nowMs;
  }
}

function checkRate({ capacity, refillPerSecond }: Rate): void {
  assert(capacity >= 0 && Number.isFinite(capacity), `capacity must be 0 or more: ${capacity}`);
  assert(refillPerSecond >= 0, `refillPerSecond must be 0 or more: ${refillPerSecond}`);
}
