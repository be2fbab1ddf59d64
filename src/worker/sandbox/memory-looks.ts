/** Looks at the memory of running sandboxes from outside, again and again. While nothing runs, nothing is looked at. */
import type { Cancel, Clock } from '#platform';
import { memoryLookMs } from '../limits.ts';

export class MemoryLooks<Watched> {
  readonly #clock: Clock;
  readonly #look: (running: ReadonlySet<Watched>) => void;
  readonly #running = new Set<Watched>();
  #timer: Cancel | undefined;

  /** `look` is called every `memoryLookMs` with all that run then. */
  constructor(clock: Clock, look: (running: ReadonlySet<Watched>) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  add(watched: Watched): void {
    this.#running.add(watched);
    this.#timer ??= this.#clock.after(memoryLookMs, () => this.#turn());
  }

  remove(watched: Watched): void {
    this.#running.delete(watched);
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#running.clear();
  }

  #turn(): void {
    this.#timer = undefined;
    if (this.#running.size === 0) return;
    this.#look(this.#running);
    if (this.#running.size > 0) this.#timer = this.#clock.after(memoryLookMs, () => this.#turn());
  }
}
