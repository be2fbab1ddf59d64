/**
 * The last tier of one image's chunks: the store, under the root where the image's record says it stands. The record is read again when
 * something is missing there or the root is on its way out, because the image may have been carried to a newer one.
 */
import type { Blobs, Clock, Documents } from '#platform';
import { rootsFreshMs } from '../limits.ts';
import type { ChunkTier } from '../reading/tier.ts';
import {
  chunkBlob,
  commitUnderRoots,
  imageKey,
  imageRecord,
  manifestBlob,
  rootsKey,
  rootTable,
} from './records.ts';
import { readRoot, type Root } from './state.ts';

export interface StoreTierOptions {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly onAlarm?: (root: number) => void;
}

export class StoreTier implements ChunkTier {
  readonly name = 'store';
  readonly #options: StoreTierOptions;
  readonly #key: string;
  readonly #image: string;
  #root: number;
  #roots: readonly Root[] = [];
  #checkedMs = -Infinity;

  constructor(options: StoreTierOptions, account: string, image: string, root: number) {
    this.#options = options;
    this.#key = imageKey(account, image);
    this.#image = image;
    this.#root = root;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#read((root) => chunkBlob(root, name));
  }

  async manifest(): Promise<Uint8Array | undefined> {
    return this.#read((root) => manifestBlob(root, this.#image));
  }

  async #read(keyOf: (root: number) => string): Promise<Uint8Array | undefined> {
    await this.#checkRoot();
    const bytes = await this.#options.blobs.get(keyOf(this.#root));
    if (bytes !== undefined) return bytes;
    const before = this.#root;
    await this.#followRecord();
    return this.#root === before ? undefined : this.#options.blobs.get(keyOf(this.#root));
  }

  /** Moves on from a root that is no longer active; a read of an expired one is an alarm. */
  async #checkRoot(): Promise<void> {
    const { clock, documents } = this.#options;
    if (clock.monotonicMs() - this.#checkedMs >= rootsFreshMs) {
      // Without the table, reads go on: it only tells what to move on from.
      const document = await documents.get(rootsKey).catch(() => undefined);
      if (document !== undefined) this.#roots = rootTable(document).roots;
      this.#checkedMs = clock.monotonicMs();
    }
    const state = this.#roots.find(({ id }) => id === this.#root)?.state;
    if (state === 'active') return;
    await this.#followRecord().catch(() => {});
    if (this.#roots.find(({ id }) => id === this.#root)?.state === 'expired') await this.#alarm();
  }

  /** Also after a release, images that are open go on being read where they are. */
  async #followRecord(): Promise<void> {
    const document = await this.#options.documents.get(this.#key);
    if (document !== undefined) this.#root = imageRecord(document).root;
  }

  async #alarm(): Promise<void> {
    const { documents, clock, onAlarm } = this.#options;
    onAlarm?.(this.#root);
    await commitUnderRoots(
      documents,
      () => [],
      (table) => ({ ...table, roots: readRoot(table.roots, this.#root, clock.wallMs()).roots }),
    ).catch(() => {});
  }
}
