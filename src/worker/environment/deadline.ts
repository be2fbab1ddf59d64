/**
 * The time by which something must be over. Every invoke sets one and takes it back, and almost none is reached: so the timer behind it is left
 * alone, and looks when it fires whether it is time.
 */
import type { Cancel, Clock } from '#platform';

export class Deadline {
  readonly #clock: Clock;
  readonly #past: () => void;
  /** Monotonic milliseconds; undefined: there is none. */
  #dueMs: number | undefined;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  /** `past` is called once for each deadline that is reached; it still stands then. */
  constructor(clock: Clock, past: () => void) {
    this.#clock = clock;
    this.#past = past;
  }

  /** When it is, by the monotonic clock; undefined: there is none. */
  get dueMs(): number | undefined {
    return this.#dueMs;
  }

  /** In the place of the one before. */
  set(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    this.#dueMs = dueMs;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#arm(delayMs, dueMs);
  }

  clear(): void {
    this.#dueMs = undefined;
  }

  /** There will be no other. */
  end(): void {
    this.#dueMs = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number, dueMs: number): void {
    this.#timer = { dueMs, cancel: this.#clock.after(delayMs, () => this.#fired(dueMs)) };
  }

  #fired(firedMs: number): void {
    this.#timer = undefined;
    const dueMs = this.#dueMs;
    if (dueMs === undefined) return;
    if (dueMs > firedMs) this.#arm(dueMs - this.#clock.monotonicMs(), dueMs);
    else this.#past();
  }
}
