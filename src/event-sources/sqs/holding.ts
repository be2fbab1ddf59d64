/** What one poller has received and is not done with. Its bytes count in what all pollers hold. */
import type { HeldBytes } from '../held-bytes.ts';
import type { Item } from './sorting.ts';

export class Holding {
  readonly #held: HeldBytes;
  readonly #items = new Set<Item>();
  #bytes = 0;

  constructor(held: HeldBytes) {
    this.#held = held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(item: Item): void {
    this.#items.add(item);
    this.#bytes += item.bytes;
    this.#held.add(item.bytes);
  }

  /** Those that were held until now. */
  release(items: readonly Item[]): readonly Item[] {
    const released = items.filter((item) => this.#items.delete(item));
    const bytes = released.reduce((sum, item) => sum + item.bytes, 0);
    this.#bytes -= bytes;
    if (bytes > 0) this.#held.remove(bytes);
    return released;
  }
}
