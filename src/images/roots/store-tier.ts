/** The last tier of one image's chunks: the store, under the root where the image stands. */
import type { Blobs } from '#platform';
import type { ChunkTier } from '../reading/tier.ts';
import type { Place } from './place.ts';
import { chunkBlob, manifestBlob, traceBlob } from './records.ts';

export class StoreTier implements ChunkTier {
  readonly name = 'store';
  readonly #blobs: Pick<Blobs, 'get'>;
  readonly #image: string;
  readonly #place: Place;

  constructor(blobs: Pick<Blobs, 'get'>, image: string, place: Place) {
    this.#blobs = blobs;
    this.#image = image;
    this.#place = place;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#read((root) => chunkBlob(root, name));
  }

  async manifest(): Promise<Uint8Array | undefined> {
    return this.#read((root) => manifestBlob(root, this.#image));
  }

  /** The record of the image's start, sealed. */
  async trace(): Promise<Uint8Array | undefined> {
    return this.#read((root) => traceBlob(root, this.#image));
  }

  async #read(keyOf: (root: number) => string): Promise<Uint8Array | undefined> {
    const root = await this.#place.root();
    const bytes = await this.#blobs.get(keyOf(root));
    if (bytes !== undefined) return bytes;
    const now = await this.#place.follow();
    return now === root ? undefined : this.#blobs.get(keyOf(now));
  }
}
