/**
 * A doubly linked list whose links are owned by what they link: joining, leaving from any place and looking at either end
 * take constant time and allocate nothing.
 */
import { assert } from '#lib/assert';

export class Link<T> {
  readonly owner: T;
  list: LinkedList<T> | undefined = undefined;
  before: Link<T> | undefined = undefined;
  after: Link<T> | undefined = undefined;

  constructor(owner: T) {
    this.owner = owner;
  }

  /** Leaves the list that it is in, if any. */
  leave(): void {
    this.list?.remove(this);
  }
}

export class LinkedList<T> {
  #first: Link<T> | undefined = undefined;
  #last: Link<T> | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first?.owner;
  }

  get last(): T | undefined {
    return this.#last?.owner;
  }

  addFirst(link: Link<T>): void {
    assert(link.list === undefined, 'a link is in one list at most');
    link.list = this;
    link.after = this.#first;
    if (this.#first === undefined) this.#last = link;
    else this.#first.before = link;
    this.#first = link;
    this.#size += 1;
  }

  addLast(link: Link<T>): void {
    assert(link.list === undefined, 'a link is in one list at most');
    link.list = this;
    link.before = this.#last;
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size += 1;
  }

  remove(link: Link<T>): void {
    assert(link.list === this, 'a link leaves the list that it is in');
    if (link.before === undefined) this.#first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.#last = link.before;
    else link.after.before = link.before;
    link.list = undefined;
    link.before = undefined;
    link.after = undefined;
    this.#size -= 1;
  }
}
