/** The messages of one queue in memory. For tests and simulations: groups are looked at one by one. */
import { assert } from '#lib/assert';

export interface Stored {
  readonly sequence: number;
  readonly id: string;
  readonly group: string | undefined;
  readonly body: Uint8Array;
  readonly sentAtMs: number;
  firstReceivedAtMs: number | undefined;
  visibleAtMs: number;
  receiveCount: number;
}

export interface UsedKey {
  readonly id: string;
  readonly sequence: number;
  readonly untilMs: number;
}

export class MessageStore {
  readonly bySequence = new Map<number, Stored>();
  /** All of them, by `isBefore`. */
  readonly order: Stored[] = [];
  /** By group, in order of sending. */
  readonly #groups = new Map<string, Stored[]>();
  readonly keys = new Map<string, UsedKey>();

  add(message: Stored): void {
    this.bySequence.set(message.sequence, message);
    this.order.splice(place(this.order, message), 0, message);
    if (message.group === undefined) return;
    const group = this.#groups.get(message.group) ?? [];
    this.#groups.set(message.group, group);
    group.push(message);
  }

  remove(message: Stored): void {
    this.#take(message);
    this.bySequence.delete(message.sequence);
    if (message.group === undefined) return;
    const group = this.#groups.get(message.group) ?? [];
    group.splice(group.indexOf(message), 1);
    if (group.length === 0) this.#groups.delete(message.group);
  }

  /** Sets when the message can be seen. */
  show(message: Stored, visibleAtMs: number): void {
    this.#take(message);
    message.visibleAtMs = visibleAtMs;
    this.order.splice(place(this.order, message), 0, message);
  }

  clear(): void {
    for (const message of this.order.slice()) this.remove(message);
  }

  /** The message of a receipt, whichever reception it names. */
  named(receipt: string): Stored | undefined {
    const [sequence, , id] = receipt.split('.', 3);
    const message = this.bySequence.get(Number(sequence));
    return message?.id === id ? message : undefined;
  }

  /** The message that nobody has received since. */
  held(receipt: string): Stored | undefined {
    const message = this.named(receipt);
    return message !== undefined && receiptOf(message) === receipt ? message : undefined;
  }

  *visible(nowMs: number): Generator<Stored> {
    for (const message of this.order) {
      if (!isFree(message, nowMs)) return;
      yield message;
    }
  }

  *visibleInGroups(nowMs: number): Generator<Stored> {
    const free = [...this.#groups.values()]
      .map((group) => ({ group, atMs: freeAtMs(group), head: group[0]?.sequence ?? 0 }))
      .filter(({ atMs }) => atMs <= nowMs)
      .sort((a, b) => a.atMs - b.atMs || a.head - b.head);
    for (const { group } of free) {
      for (const message of group) {
        if (!isFree(message, nowMs)) break;
        yield message;
      }
    }
  }

  nextGroupAtMs(): number | undefined {
    const times = [...this.#groups.values()].map(freeAtMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #take(message: Stored): void {
    const index = place(this.order, message);
    assert(this.order[index] === message, 'a stored message stands at its place');
    this.order.splice(index, 1);
  }
}

export const isFree = ({ visibleAtMs }: Stored, nowMs: number): boolean => visibleAtMs <= nowMs;

/** The sequence finds the message, the count tells receptions apart, and the id cannot be guessed. */
export function receiptOf({ sequence, receiveCount, id }: Stored): string {
  return `${sequence}.${receiveCount}.${id}`;
}

/** When the first message of a group can be received: it is visible, and nothing of the group is in flight. */
function freeAtMs(group: readonly Stored[]): number {
  const holding = group.filter(({ receiveCount }, index) => index === 0 || receiveCount > 0);
  return Math.max(...holding.map(({ visibleAtMs }) => visibleAtMs));
}

/** The index at which `message` stands, or would. */
function place(order: readonly Stored[], message: Stored): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = order[middle];
    if (other !== undefined && isBefore(other, message)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(left: Stored, right: Stored): boolean {
  if (left.visibleAtMs !== right.visibleAtMs) return left.visibleAtMs < right.visibleAtMs;
  return left.sequence < right.sequence;
}
