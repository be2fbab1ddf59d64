/**
 * Those of whom something must come within a time that is the same for all: requests whose bodies are being read, connections that wait for a
 * request. Who takes too long is told. One timer for all of them, as there are many and almost all are done at once.
 */
import type { Clock } from '#platform';

export interface Awaited {
  /** What must come of it has not come in time. */
  tooSlow(): void;
}

export class Patience {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #checkIntervalMs: number;
  /** In order of their beginning: monotonic milliseconds. */
  readonly #since = new Map<Awaited, number>();
  #isArmed = false;

  /** Looks each `checkIntervalMs`, so that much later than `timeoutMs` somebody may be told. */
  constructor(clock: Clock, timeoutMs: number, checkIntervalMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#checkIntervalMs = checkIntervalMs;
  }

  enter(awaited: Awaited): void {
    this.#since.set(awaited, this.#clock.monotonicMs());
    this.#arm();
  }

  leave(awaited: Awaited): void {
    this.#since.delete(awaited);
  }

  #arm(): void {
    if (this.#isArmed || this.#since.size === 0) return;
    this.#isArmed = true;
    this.#clock.after(this.#checkIntervalMs, () => {
      const latestMs = this.#clock.monotonicMs() - this.#timeoutMs;
      // Where this process stood still itself, what has come meanwhile is read first.
      setImmediate(() => {
        this.#isArmed = false;
        this.#end(latestMs);
        this.#arm();
      });
    });
  }

  #end(latestMs: number): void {
    for (const [awaited, sinceMs] of this.#since) {
      if (sinceMs > latestMs) return;
      this.#since.delete(awaited);
      awaited.tooSlow();
    }
  }
}
