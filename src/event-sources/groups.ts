/**
 * Message groups of FIFO queues: which of them are in work. A group's messages are in one batch at a time, so that none is handled before those that
 * were sent earlier. Pure.
 */

export interface Grouped {
  readonly groupId: string;
}

export class BusyGroups {
  /** Batches by group. */
  readonly #busy = new Set<string>();

  get count(): number {
    return this.#busy.size;
  }

  /** Takes those whose groups are not in work. The others must go back to where they came from: the queue has handed them out too early. */
  admit<Item extends Grouped>(
    items: readonly Item[],
  ): { readonly admitted: readonly Item[]; readonly early: readonly Item[] } {
    const admitted = items.filter(({ groupId }) => !this.#busy.has(groupId));
    const early = items.filter(({ groupId }) => this.#busy.has(groupId));
    for (const { groupId } of admitted) this.#busy.add(groupId);
    return { admitted, early };
  }

  done(items: readonly Grouped[]): void {
    for (const { groupId } of items) this.#busy.delete(groupId);
  }
}

/** With a failed message, all later ones of its group have failed too: they must not be handled before it. */
export function withLaterOfGroup<Item extends Grouped>(
  batch: readonly Item[],
  failed: ReadonlySet<Item>,
): ReadonlySet<Item> {
  const blocked = new Set<string>();
  const all = new Set<Item>();
  for (const item of batch) {
    if (failed.has(item)) blocked.add(item.groupId);
    if (blocked.has(item.groupId)) all.add(item);
  }
  return all;
}
