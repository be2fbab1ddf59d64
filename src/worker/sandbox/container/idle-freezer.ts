/**
 * Freezes sandboxes that have rested for a while: not between two invokes of a burst, where freezing and thawing would cost more than it
 * saves. One timer serves all; while nothing rests, none runs.
 */
import type { Cancel, Clock } from '#platform';
import { freezeAfterMs, freezeLookMs } from './limits.ts';

export interface Freezable {
  freeze(): void;
}

export class IdleFreezer {
  readonly #clock: Clock;
  /** Since when each rests: the longest-resting first. */
  readonly #resting = new Map<Freezable, number>();
  #timer: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(sandbox: Freezable): void {
    this.#resting.delete(sandbox);
    this.#resting.set(sandbox, this.#clock.monotonicMs());
    this.#timer ??= this.#clock.after(freezeLookMs, () => this.#look());
  }

  remove(sandbox: Freezable): void {
    this.#resting.delete(sandbox);
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#resting.clear();
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    for (const [sandbox, sinceMs] of this.#resting) {
      if (now - sinceMs < freezeAfterMs) break;
      this.#resting.delete(sandbox);
      sandbox.freeze();
    }
    if (this.#resting.size > 0) this.#timer = this.#clock.after(freezeLookMs, () => this.#look());
  }
}
