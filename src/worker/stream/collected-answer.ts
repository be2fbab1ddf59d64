/** A streamed answer for a caller who wants it whole: collected up to the size of a response, counted beyond it. */
import { responseBytesMax } from '../limits.ts';

/** So many chunks are joined to a block, so that small ones cost their bytes and not an object each. */
const chunksPerBlock = 1_024;

export class CollectedAnswer {
  #blocks: Uint8Array[] = [];
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  /** Bytes that came, kept or not. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    if (this.isTooLarge) {
      this.#blocks = [];
      this.#chunks = [];
      return;
    }
    this.#chunks.push(bytes);
    if (this.#chunks.length < chunksPerBlock) return;
    this.#blocks.push(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }

  get isTooLarge(): boolean {
    return this.#sizeBytes > responseBytesMax;
  }

  /** Everything, unless it is too large. */
  get payload(): Uint8Array {
    return Buffer.concat([...this.#blocks, ...this.#chunks]);
  }
}
