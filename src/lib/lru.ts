/** A map with a bound: when it is full, the entry that was used longest ago makes room. */
import { assert } from '#lib/assert';

/** Equal to no key. */
const nothing = Symbol('nothing');

export class Lru<Key, Value> {
  // A Map iterates in order of insertion, so moving an entry to the end at each use keeps the oldest first.
  readonly #entries = new Map<Key, Value>();
  readonly #entriesMax: number;
  readonly #evicted: ((key: Key, value: Value) => void) | undefined;
  /** The entry at the end, which need not be moved there: what is asked for is often what was asked for last. */
  #newest: Key | typeof nothing = nothing;

  /** `evicted` hears of entries that made room, not of those that were deleted or replaced. */
  constructor(entriesMax: number, evicted?: (key: Key, value: Value) => void) {
    assert(Number.isInteger(entriesMax) && entriesMax >= 1, `entriesMax must be 1 or more: ${entriesMax}`);
    this.#entriesMax = entriesMax;
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, which thereby becomes the most recently used. */
  get(key: Key): Value | undefined {
    if (key === this.#newest) return this.#entries.get(key);
    const value = this.#entries.get(key);
    if (value === undefined && !this.#entries.has(key)) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value as Value);
    this.#newest = key;
    return value;
  }

  /** Whether there is an entry; does not count as use. */
  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    if (key !== this.#newest) this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    if (this.#entries.size <= this.#entriesMax) return;
    for (const [oldest, dropped] of this.#entries) {
      this.#entries.delete(oldest);
      this.#evicted?.(oldest, dropped);
      break;
    }
  }

  /** Whether there was an entry. */
  delete(key: Key): boolean {
    if (key === this.#newest) this.#newest = nothing;
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#newest = nothing;
    this.#entries.clear();
  }

  /** From the least to the most recently used. */
  entries(): IterableIterator<[Key, Value]> {
    return this.#entries.entries();
  }
}
