/**
 * Where an image stands: the root that its record names. The record is read again when something is missing there or the root is on its way
 * out, because the image may have been carried to a newer one.
 */
import type { Clock, Documents } from '#platform';
import { rootsFreshMs } from '../limits.ts';
import { commitUnderRoots, imageKey, imageRecord, rootsKey, rootTable } from './records.ts';
import { readRoot, type Root } from './state.ts';

export interface Place {
  /** The root to read from; never rejects while some root is known. */
  root(): Promise<number>;
  /** Looks again, because something is missing there. */
  follow(): Promise<number>;
}

export interface RecordedPlaceOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly onAlarm?: (root: number) => void;
}

/** As the documents say. */
export class RecordedPlace implements Place {
  readonly #options: RecordedPlaceOptions;
  readonly #key: string;
  #root: number;
  #roots: readonly Root[] = [];
  #checkedMs = -Infinity;

  constructor(options: RecordedPlaceOptions, account: string, image: string, root: number) {
    this.#options = options;
    this.#key = imageKey(account, image);
    this.#root = root;
  }

  /** Moves on from a root that is no longer active; a read of an expired one is an alarm. */
  async root(): Promise<number> {
    const { clock, documents } = this.#options;
    if (clock.monotonicMs() - this.#checkedMs >= rootsFreshMs) {
      // Without the table, reads go on: it only tells what to move on from.
      const document = await documents.get(rootsKey).catch(() => undefined);
      if (document !== undefined) this.#roots = rootTable(document).roots;
      this.#checkedMs = clock.monotonicMs();
    }
    const state = this.#roots.find(({ id }) => id === this.#root)?.state;
    if (state === 'active') return this.#root;
    await this.follow().catch(() => {});
    if (this.#roots.find(({ id }) => id === this.#root)?.state === 'expired') await this.#alarm();
    return this.#root;
  }

  /** Also after a release, images that are open go on being read where they are. */
  async follow(): Promise<number> {
    const document = await this.#options.documents.get(this.#key);
    if (document !== undefined) this.#root = imageRecord(document).root;
    return this.#root;
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
