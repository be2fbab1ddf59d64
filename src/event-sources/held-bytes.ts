/**
 * What all pollers together hold of their sources, in bytes. Above the bound nobody receives, and who wanted to is called when there is room; but
 * who holds nothing may always receive a little, so that no mapping can starve the others.
 */
export class HeldBytes {
  readonly #max: number;
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `none`: not now; `whenRoom` is called once, later. */
  roomFor(ownBytes: number, whenRoom: () => void): 'much' | 'little' | 'none' {
    if (this.#bytes < this.#max) return 'much';
    if (ownBytes === 0) return 'little';
    this.#waiting.add(whenRoom);
    return 'none';
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes >= this.#max || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const whenRoom of waiting) whenRoom();
  }
}
