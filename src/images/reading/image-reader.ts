/** Reads an image at any place. What is read comes from chunks that are fetched when they are first needed; the first reads are recorded. */
import type { Manifest, ManifestChunk } from '../chunks/manifest.ts';
import { chunkBytes, readLimits } from '../limits.ts';
import type { ChunkSource } from './chunk-source.ts';
import type { ChunkTier } from './tier.ts';

const zeros = Buffer.alloc(chunkBytes);

export class ImageReader {
  readonly sizeBytes: number;
  readonly #source: ChunkSource;
  readonly #store: ChunkTier;
  /** By index; undefined: zeros. */
  readonly #chunks: (ManifestChunk | undefined)[];
  readonly #touched: Uint8Array;
  readonly #trace: number[] = [];

  constructor(manifest: Manifest, source: ChunkSource, store: ChunkTier) {
    const count = manifest.sizeBytes / chunkBytes;
    this.sizeBytes = manifest.sizeBytes;
    this.#source = source;
    this.#store = store;
    this.#chunks = Array.from({ length: count }, () => undefined);
    for (const chunk of manifest.chunks) this.#chunks[chunk.index] = chunk;
    this.#touched = new Uint8Array(count);
  }

  /** Indexes of chunks in the order in which they were first read; not those of zeros, and no more than `traceChunksMax`. */
  get trace(): readonly number[] {
    return this.#trace;
  }

  /**
   * `length` bytes from `offset`, not to be written to: they may be a part of the cache. Rejects with a RangeError beyond the image's end, and with a
   * ChunkError where the bytes cannot be had; never resolves with wrong ones.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    const inRange =
      Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
    if (!inRange || offset + length > this.sizeBytes || length > readLimits.readBytesMax) {
      throw new RangeError(`a read of ${length} bytes at ${offset} in an image of ${this.sizeBytes}`);
    }
    if (length === 0) return Buffer.alloc(0);
    const first = Math.floor(offset / chunkBytes);
    const last = Math.floor((offset + length - 1) / chunkBytes);
    const start = offset - first * chunkBytes;
    if (first === last) {
      const chunk = this.#cached(first) ?? (await this.#chunk(first));
      return chunk.subarray(start, start + length);
    }
    const indexes = Array.from({ length: last - first + 1 }, (_, step) => first + step);
    const chunks = await Promise.all(indexes.map(async (index) => this.#cached(index) ?? this.#chunk(index)));
    return Buffer.concat(chunks).subarray(start, start + length);
  }

  /** Fetches chunks ahead of their reads. What cannot be had now is left to the read itself. */
  async readAhead(indexes: readonly number[]): Promise<void> {
    const chunks = indexes.slice(0, readLimits.traceChunksMax).flatMap((index) => this.#chunks[index] ?? []);
    await this.#source.getAhead(chunks, this.#store);
  }

  #cached(index: number): Buffer | undefined {
    const chunk = this.#chunks[index];
    if (chunk === undefined) return zeros;
    this.#record(index);
    return this.#source.cached(chunk);
  }

  async #chunk(index: number): Promise<Buffer> {
    const chunk = this.#chunks[index];
    return chunk === undefined ? zeros : this.#source.get(chunk, this.#store);
  }

  #record(index: number): void {
    if (this.#touched[index] === 1) return;
    this.#touched[index] = 1;
    if (this.#trace.length < readLimits.traceChunksMax) this.#trace.push(index);
  }
}
