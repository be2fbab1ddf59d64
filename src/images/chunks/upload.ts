/** Seals the chunks of one image and puts them into the store, unless they are there. What a failed upload leaves is not referred to and gets collected. */
import type { Blobs } from '#platform';
import type { ChunkSink } from '../ext4/chunk-stream.ts';
import { chunkBytes } from '../limits.ts';
import type { ManifestChunk } from './manifest.ts';
import { sealChunk } from './seal.ts';

export interface UploadCounts {
  /** Chunks that were new to the store. */
  readonly stored: number;
  /** Chunks that it had. */
  readonly present: number;
  /** Chunks of zeros, which are not stored. */
  readonly zero: number;
}

const zeros = Buffer.alloc(chunkBytes);

export class ChunkUpload implements ChunkSink {
  readonly #blobs: Blobs;
  readonly #salt: Uint8Array;
  readonly #keyOf: (name: string) => string;
  readonly #chunks: ManifestChunk[] = [];
  #stored = 0;
  #present = 0;
  #zero = 0;

  /** `keyOf` says under which key the chunk of a name is stored. */
  constructor(blobs: Blobs, salt: Uint8Array, keyOf: (name: string) => string) {
    this.#blobs = blobs;
    this.#salt = salt;
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
    if (zeros.equals(bytes)) {
      this.#zero += 1;
      return;
    }
    const { name, key, ciphertext } = sealChunk(this.#salt, bytes);
    const outcome = await this.#blobs.putIfAbsent(this.#keyOf(name), ciphertext);
    this.#chunks.push({ index, name, key });
    if (outcome === 'stored') this.#stored += 1;
    else this.#present += 1;
  }
}
