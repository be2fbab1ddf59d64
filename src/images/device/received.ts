/** Bytes that were received and not yet understood. Pieces are joined only where what is taken stands in several. */

export class Received {
  readonly #pieces: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** The next `count` bytes, which stay; undefined: there are not so many yet. */
  peek(count: number): Buffer | undefined {
    if (this.#length < count) return undefined;
    const [first] = this.#pieces;
    if (first === undefined || first.length < count)
      this.#pieces.splice(0, Infinity, Buffer.concat(this.#pieces));
    return this.#pieces[0]?.subarray(0, count) ?? Buffer.alloc(0);
  }

  take(count: number): Buffer | undefined {
    const taken = this.peek(count);
    if (taken !== undefined) this.drop(count);
    return taken;
  }

  /** Forgets the next `count` bytes; says how many of them are still to come. */
  drop(count: number): number {
    let left = count;
    while (left > 0) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      const dropped = Math.min(left, piece.length);
      if (dropped < piece.length) this.#pieces.unshift(piece.subarray(dropped));
      this.#length -= dropped;
      left -= dropped;
    }
    return left;
  }
}
