/** One alarm per shard: the earliest of those that were set. */
import type { Cancel, Clock } from '#platform';

interface Alarm {
  readonly dueMs: number;
  readonly cancel: Cancel;
}

export class Alarms {
  readonly #clock: Clock;
  readonly #ring: (shard: string) => void;
  readonly #alarms = new Map<string, Alarm>();

  constructor(clock: Clock, ring: (shard: string) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings in `delayMs`, unless it is to ring sooner anyway. */
  set(shard: string, delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    const known = this.#alarms.get(shard);
    if (known !== undefined && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#alarms.delete(shard);
      this.#ring(shard);
    });
    this.#alarms.set(shard, { dueMs, cancel });
  }

  clear(shard: string): void {
    this.#alarms.get(shard)?.cancel();
    this.#alarms.delete(shard);
  }

  clearAll(): void {
    for (const { cancel } of this.#alarms.values()) cancel();
    this.#alarms.clear();
  }
}
