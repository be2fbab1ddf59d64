/**
 * A line in which every owner (a function) has its own turn: pure.
 *
 *     asked for:   a1 a2 a3 … a500 b1          served: a1 b1 a2 a3 …
 *
 * The owners take turns; who asks for more waits longer for the rest of it, not everybody else. A full line makes room for an owner with few
 * by turning away the last of the owner with most.
 */
import { assert } from '#lib/assert';

interface Owner<T> {
  readonly name: string;
  /** The oldest first, from `head` on. */
  readonly waiting: T[];
  head: number;
}

export class FairLine<T> {
  readonly #max: number;
  /** Whose turn is next comes first; each has at least one that waits. */
  readonly #owners = new Map<string, Owner<T>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes its place in line. Returns who is turned away: nobody, itself, or somebody of an owner with more. */
  join(name: string, item: T): T | undefined {
    const turnedAway = this.#size >= this.#max ? this.#lastOfMost(name) : undefined;
    if (this.#size >= this.#max) return item;
    const owner = this.#owners.get(name);
    if (owner === undefined) this.#owners.set(name, { name, waiting: [item], head: 0 });
    else owner.waiting.push(item);
    this.#size += 1;
    return turnedAway;
  }

  /** Whose turn it is: the oldest of the owner that was served longest ago. */
  next(): T | undefined {
    for (const owner of this.#owners.values()) {
      const item = owner.waiting[owner.head];
      assert(item !== undefined, 'an owner in line has somebody waiting');
      owner.head += 1;
      this.#size -= 1;
      this.#owners.delete(owner.name);
      if (owner.head === owner.waiting.length) return item;
      if (owner.head * 2 > owner.waiting.length) {
        owner.waiting.splice(0, owner.head);
        owner.head = 0;
      }
      this.#owners.set(owner.name, owner);
      return item;
    }
    return undefined;
  }

  /** Out of a full line only, so that it may look at every owner. */
  #lastOfMost(name: string): T | undefined {
    const lengthOf = (owner: Owner<T> | undefined): number =>
      owner === undefined ? 0 : owner.waiting.length - owner.head;
    let most: Owner<T> | undefined;
    for (const owner of this.#owners.values()) if (lengthOf(owner) > lengthOf(most)) most = owner;
    if (most === undefined || lengthOf(most) <= lengthOf(this.#owners.get(name)) + 1) return undefined;
    const last = most.waiting.pop();
    this.#size -= 1;
    return last;
  }
}
