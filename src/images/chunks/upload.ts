/** Seals the chunks of one image and puts them into the store, unless they are there. What a failed upload leaves is not referred to and gets collected. */
import type { Blobs } from '#platform';
import type { ChunkSink } from '../ext4/chunk-stream.ts';
import { chunkBytes } from '../limits.ts';
import type { ManifestChunk } from './manifest.ts';
import { sealChunk, type SealedChunk } from './seal.ts';

export interface UploadCounts {
  /** Chunks that were new to the store. */
  readonly stored: number;
  /** Chunks that it had. */
  readonly present: number;
  /** Chunks of zeros, which are not stored. */
  readonly zero: number;
}

/** Takes chunks as they are, or sealed: whoever makes them in a thread of its own can seal them there, too. */
export interface ImageSink extends ChunkSink {
  /** What chunks are sealed with. */
  readonly salt: Uint8Array;
  /** A chunk that `sealed` gave. Resolves when it is stored. */
  putSealed(index: number, chunk: SealedChunk | undefined): Promise<void>;
}

const zeros = Buffer.alloc(chunkBytes);

/** undefined: a chunk of zeros, which is not stored. */
export function sealed(salt: Uint8Array, bytes: Uint8Array): SealedChunk | undefined {
  return zeros.equals(bytes) ? undefined : sealChunk(salt, bytes);
}

export class ChunkUpload implements ImageSink {
  readonly #blobs: Blobs;
  readonly salt: Uint8Array;
  readonly #keyOf: (name: string) => string;
  readonly #chunks: ManifestChunk[] = [];
  #stored = 0;
  #present = 0;
  #zero = 0;

  /** `keyOf` says under which key the chunk of a name is stored. */
  constructor(blobs: Blobs, salt: Uint8Array, keyOf: (name: string) => string) {
    this.#blobs = blobs;
    this.salt = salt;
    this.#keyOf = keyOf;
  }

  get counts(): UploadCounts {
    return { stored: this.#stored, present: this.#present, zero: this.#zero };
  }

  /** In order of index. */
  get chunks(): readonly ManifestChunk[] {
    return this.#chunks.toSorted((left, right) => left.index - right.index);
  }

  async put(index: number, bytes: Uint8Array): Promise<void> {
    await this.putSealed(index, sealed(this.salt, bytes));
  }

  async putSealed(index: number, chunk: SealedChunk | undefined): Promise<void> {
    if (chunk === undefined) {
      this.#zero += 1;
      return;
    }
    const { name, key, ciphertext } = chunk;
    const outcome = await this.#blobs.putIfAbsent(this.#keyOf(name), ciphertext);
    this.#chunks.push({ index, name, key });
    if (outcome === 'stored') this.#stored += 1;
    else this.#present += 1;
  }
}
