/** A clock that stands still until it is advanced: time in tests and simulations. */
import { assert } from '#lib/assert';
import type { Cancel, Clock } from './clock.ts';

interface Timer {
  readonly dueMs: number;
  /** Breaks ties: timers due at the same time fire in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #ordered = 0;
  readonly #timers = new Set<Timer>();

  /** `wallMs` is the wall clock's time at the start; the default is 2026-01-01T00:00:00Z. */
  constructor(wallMs = 1_767_225_600_000) {
    this.#wallOffsetMs = wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#monotonicMs);
  }

  after(delayMs: number, callback: () => void): Cancel {
    assert(!Number.isNaN(delayMs), 'a delay must be a number');
    this.#ordered += 1;
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#ordered, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /**
   * Moves both clocks forward, firing on the way, each at its own time, the timers that fall due; also those that the callbacks set.
   * Promises that the callbacks settle continue only after `advance` returned.
   */
  advance(durationMs: number): void {
    assert(durationMs >= 0, `time does not go back: ${durationMs}`);
    const endMs = this.#monotonicMs + durationMs;
    for (;;) {
      const timer = this.#earliest();
      if (timer === undefined || timer.dueMs > endMs) break;
      this.#timers.delete(timer);
      this.#monotonicMs = Math.max(this.#monotonicMs, timer.dueMs);
      timer.callback();
    }
    this.#monotonicMs = endMs;
  }

  /** Makes the wall clock jump, forwards or back; timers and monotonic time do not notice. */
  setWall(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#monotonicMs;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer fires, or undefined when none is set. */
  get nextTimerMs(): number | undefined {
    const timer = this.#earliest();
    return timer === undefined ? undefined : timer.dueMs - this.#monotonicMs;
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      const sooner =
        earliest === undefined ||
        timer.dueMs < earliest.dueMs ||
        (timer.dueMs === earliest.dueMs && timer.order < earliest.order);
      if (sooner) earliest = timer;
    }
    return earliest;
  }
}
