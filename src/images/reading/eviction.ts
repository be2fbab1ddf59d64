/**
 * Which chunk makes room. S3-FIFO: a new chunk goes into a small queue and leaves it soon unless it is read again, so one pass over a large image
 * passes by the main queue; a chunk that left and is wanted again goes to the main queue at once.
 *
 *     miss ─▶ small (a tenth) ──read again──▶ main ──▶ oldest: read meanwhile? once more round : out
 *                 └─ not read: out, its name stays in the ghosts ──wanted again──▶ main
 *
 * Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
import { assert } from '#lib/assert';

const readsMax = 3;

export class Eviction {
  readonly #entriesMax: number;
  readonly #smallMax: number;
  /** Reads since it came or came round, by name; a Map keeps the order of insertion. */
  readonly #small = new Map<string, number>();
  readonly #main = new Map<string, number>();
  readonly #ghosts = new Set<string>();

  constructor(entriesMax: number) {
    assert(Number.isInteger(entriesMax) && entriesMax >= 1, `entriesMax must be 1 or more: ${entriesMax}`);
    this.#entriesMax = entriesMax;
    this.#smallMax = Math.max(1, Math.floor(entriesMax / 10));
  }

  get size(): number {
    return this.#small.size + this.#main.size;
  }

  has(name: string): boolean {
    return this.#small.has(name) || this.#main.has(name);
  }

  /** A read of what is there; false: it is not. */
  read(name: string): boolean {
    const queue = this.#small.has(name) ? this.#small : this.#main;
    const reads = queue.get(name);
    if (reads === undefined) return false;
    if (reads < readsMax) queue.set(name, reads + 1);
    return true;
  }

  /** Takes in what was not there, and returns what makes room for it. */
  add(name: string): readonly string[] {
    if (this.has(name)) return [];
    const evicted: string[] = [];
    while (this.size >= this.#entriesMax) evicted.push(this.#evict());
    if (this.#ghosts.delete(name)) this.#main.set(name, 0);
    else this.#small.set(name, 0);
    return evicted;
  }

  /** Forgets what is gone for another reason. */
  remove(name: string): void {
    this.#small.delete(name);
    this.#main.delete(name);
  }

  #evict(): string {
    for (;;) {
      const fromSmall = this.#small.size >= this.#smallMax || this.#main.size === 0;
      const queue = fromSmall ? this.#small : this.#main;
      const [oldest] = queue;
      assert(oldest !== undefined, 'a full cache has nothing to evict');
      const [name, reads] = oldest;
      queue.delete(name);
      if (reads === 0) {
        if (fromSmall) this.#remember(name);
        return name;
      }
      this.#main.set(name, fromSmall ? 0 : reads - 1);
    }
  }

  #remember(name: string): void {
    this.#ghosts.add(name);
    if (this.#ghosts.size <= this.#entriesMax) return;
    for (const oldest of this.#ghosts) {
      this.#ghosts.delete(oldest);
      return;
    }
  }
}
