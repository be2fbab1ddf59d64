/**
 * Looks at the memory of running sandboxes. The kernel's own limit is the function's memory and its storage together, because it counts what
 * lies in /tmp as memory; so what of it is the function's alone is looked at from here.
 */
import type { Cancel, Clock } from '#platform';
import { memoryLookMs } from './limits.ts';

export interface Watched {
  lookAtMemory(): void;
}

export class MemoryLooks {
  readonly #clock: Clock;
  readonly #running = new Set<Watched>();
  #timer: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(watched: Watched): void {
    this.#running.add(watched);
    this.#timer ??= this.#clock.after(memoryLookMs, () => this.#look());
  }

  remove(watched: Watched): void {
    this.#running.delete(watched);
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#running.clear();
  }

  #look(): void {
    this.#timer = undefined;
    for (const watched of this.#running) watched.lookAtMemory();
    if (this.#running.size > 0) this.#timer = this.#clock.after(memoryLookMs, () => this.#look());
  }
}
