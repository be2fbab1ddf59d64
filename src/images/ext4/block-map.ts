/** Which blocks of an image are in use: one bit each, in the form of the format's block bitmaps. */
import { assert } from '#lib/assert';

export class BlockMap {
  readonly #bits: Buffer;
  #used = 0;

  constructor(blocksMax: number) {
    this.#bits = Buffer.alloc(Math.ceil(blocksMax / 8));
  }

  get used(): number {
    return this.#used;
  }

  take(start: number, blocks: number): void {
    this.#set(start, blocks, true);
    this.#used += blocks;
  }

  free(start: number, blocks: number): void {
    this.#set(start, blocks, false);
    this.#used -= blocks;
  }

  /** The bitmap of `blocks` blocks from `start` (a multiple of 8). */
  slice(start: number, blocks: number): Buffer {
    return this.#bits.subarray(start / 8, (start + blocks) / 8);
  }

  usedIn(start: number, blocks: number): number {
    let used = 0;
    for (const byte of this.slice(start, blocks)) used += bitsOf[byte] ?? 0;
    return used;
  }

  #set(start: number, blocks: number, used: boolean): void {
    for (let block = start; block < start + blocks;) {
      // Whole bytes at once: files are large.
      const whole = block % 8 === 0 && start + blocks - block >= 8;
      const mask = whole ? 0xff : 1 << (block % 8);
      const byte = this.#bits[block >>> 3];
      assert(
        byte !== undefined && (used ? byte & mask : ~byte & mask) === 0,
        `block ${block} is taken twice or freed twice`,
      );
      this.#bits[block >>> 3] = used ? byte | mask : byte & ~mask;
      block += whole ? 8 : 1;
    }
  }
}

const bitsOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
});
