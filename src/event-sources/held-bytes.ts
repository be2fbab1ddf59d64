/** What all pollers together hold of their sources, in bytes: above the bound nobody receives, and who wanted to is called when there is room. */
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

  /** False: not now; `whenRoom` is called once, later. */
  hasRoom(whenRoom: () => void): boolean {
    if (this.#bytes < this.#max) return true;
    this.#waiting.add(whenRoom);
    return false;
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
