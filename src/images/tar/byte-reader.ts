/** Reads a stream of pieces by counted bytes, and never holds more than one piece and what was asked for. */
import { malformed, tooLarge } from '../refusal.ts';

const nothing = Buffer.alloc(0);

export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #bytesMax: number;
  #piece: Buffer = nothing;
  #at = 0;
  #bytesRead = 0;

  /** Refuses streams of more than `bytesMax`. */
  constructor(pieces: AsyncIterable<Uint8Array>, bytesMax: number) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#bytesMax = bytesMax;
  }

  /** Exactly `count` bytes, good until the next call; undefined at the end of the stream. An end in between is refused. */
  async read(count: number): Promise<Buffer | undefined> {
    const ready = this.#piece.length - this.#at;
    if (ready >= count) return this.#take(count);
    const whole = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      const some = await this.some(count - filled);
      if (some === undefined) {
        if (filled === 0) return undefined;
        throw malformed('the archive is cut short');
      }
      some.copy(whole, filled);
      filled += some.length;
    }
    return whole;
  }

  /** Like `read`, where an end is never right. */
  async demand(count: number): Promise<Buffer> {
    const bytes = await this.read(count);
    if (bytes === undefined && count > 0) throw malformed('the archive is cut short');
    return bytes ?? nothing;
  }

  /** 1 to `countMax` bytes, good until the next call; undefined at the end of the stream. */
  async some(countMax: number): Promise<Buffer | undefined> {
    while (this.#at === this.#piece.length) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      const { value } = next;
      this.#bytesRead += value.byteLength;
      if (this.#bytesRead > this.#bytesMax) {
        throw tooLarge(`a layer unpacks to more than ${this.#bytesMax} bytes`);
      }
      this.#piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#at = 0;
    }
    return this.#take(Math.min(countMax, this.#piece.length - this.#at));
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const some = await this.some(left);
      if (some === undefined) throw malformed('the archive is cut short');
      left -= some.length;
    }
  }

  /** Reads to the end, so that what is upstream sees it too (and checks its digest). */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  #take(count: number): Buffer {
    const bytes = this.#piece.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }
}
