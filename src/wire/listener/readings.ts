/**
 * Requests whose bodies are being read, and since when: who takes too long is told. One timer for all of them, as there are many and almost all are done
 * at once.
 */
import type { Clock } from '#platform';
import type { ListenerLimits } from './limits.ts';

export interface Reader {
  /** Its body has not come in time. */
  tooSlow(): void;
}

export class Readings {
  readonly #clock: Clock;
  readonly #limits: Pick<ListenerLimits, 'requestTimeoutMs' | 'timeoutCheckIntervalMs'>;
  /** In order of their beginning: monotonic milliseconds. */
  readonly #since = new Map<Reader, number>();
  #isArmed = false;

  constructor(clock: Clock, limits: Pick<ListenerLimits, 'requestTimeoutMs' | 'timeoutCheckIntervalMs'>) {
    this.#clock = clock;
    this.#limits = limits;
  }

  enter(reader: Reader): void {
    this.#since.set(reader, this.#clock.monotonicMs());
    this.#arm();
  }

  leave(reader: Reader): void {
    this.#since.delete(reader);
  }

  #arm(): void {
    if (this.#isArmed || this.#since.size === 0) return;
    this.#isArmed = true;
    this.#clock.after(this.#limits.timeoutCheckIntervalMs, () => {
      const latestMs = this.#clock.monotonicMs() - this.#limits.requestTimeoutMs;
      // Where this process stood still itself, what has come meanwhile is read first.
      setImmediate(() => {
        this.#isArmed = false;
        this.#end(latestMs);
        this.#arm();
      });
    });
  }

  #end(latestMs: number): void {
    for (const [reader, sinceMs] of this.#since) {
      if (sinceMs > latestMs) return;
      this.#since.delete(reader);
      reader.tooSlow();
    }
  }
}
