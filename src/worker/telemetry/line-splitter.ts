/** Cuts a stream of bytes into log lines. What has no line end yet is kept, up to the length of one event. */

const lineFeed = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  readonly #take: (line: string) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(bytesMax: number, take: (line: string) => void) {
    this.#bytesMax = bytesMax;
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(lineFeed, from);
      const to = end < 0 ? chunk.length : end + 1;
      const upTo = Math.min(to, from + this.#bytesMax - this.#restBytes);
      const piece = chunk.subarray(from, upTo);
      from = upTo;
      if (this.#restBytes === 0 && upTo === to && end >= 0) {
        this.#take(piece.toString('utf8'));
        continue;
      }
      this.#rest.push(piece);
      this.#restBytes += piece.length;
      if ((end >= 0 && upTo === to) || this.#restBytes >= this.#bytesMax) this.flush();
    }
  }

  /** Gives out what has no line end. */
  flush(): void {
    if (this.#restBytes === 0) return;
    const line = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    this.#take(line.toString('utf8'));
  }
}
