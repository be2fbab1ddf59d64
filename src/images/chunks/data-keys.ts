/** The data keys that were had of KMS lately: so many, for so long, each asked for once however many wait for it. */
import type { KeyObject } from 'node:crypto';
import { Lru } from '#lib/lru';
import type { Cancel, Clock } from '#platform';
import { kmsLimits } from '../limits.ts';

interface Kept {
  readonly key: KeyObject;
  /** Of the timer that ends it. */
  readonly cancel: Cancel;
}

export class DataKeys {
  readonly #clock: Clock;
  readonly #kept = new Lru<string, Kept>(kmsLimits.keysKeptMax, (_id, { cancel }) => cancel());
  readonly #asked = new Map<string, Promise<KeyObject>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects as `ask` does; what failed is not kept. */
  get(id: string, ask: () => Promise<KeyObject>): Promise<KeyObject> {
    const kept = this.#kept.get(id);
    if (kept !== undefined) return Promise.resolve(kept.key);
    const asked = this.#asked.get(id);
    if (asked !== undefined) return asked;
    const asking = ask()
      .then((key) => {
        this.keep(id, key);
        return key;
      })
      .finally(() => this.#asked.delete(id));
    this.#asked.set(id, asking);
    return asking;
  }

  keep(id: string, key: KeyObject): void {
    this.forget(id);
    // Also of a key that nobody asks for again: it must not stay in memory.
    const cancel = this.#clock.after(kmsLimits.keyKeptMs, () => void this.#kept.delete(id));
    this.#kept.set(id, { key, cancel });
  }

  forget(id: string): void {
    this.#kept.get(id)?.cancel();
    this.#kept.delete(id);
  }
}
