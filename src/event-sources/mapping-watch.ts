/**
 * The mappings of a place as the store has them, kept fresh by its watch: lists everything, then follows. When the store goes away, what is
 * known goes on being polled, and the watch is taken up again.
 */
import type { Clock, Documents, Random, Revision } from '#platform';
import { backoffMs } from './backoff.ts';
import type { MappingRecord } from './mapping.ts';
import { pause } from './pause.ts';

export interface MappingWatchOptions {
  readonly documents: Documents;
  /** Of the records. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** What has changed since the last call, by UUID; undefined: it is there no more. Nothing is applied before this has resolved. */
  readonly onChange: (changes: ReadonlyMap<string, MappingRecord | undefined>) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

const rewatch = { minMs: 50, maxMs: 5_000 };

export class MappingWatch {
  readonly #options: MappingWatchOptions;
  readonly #known = new Set<string>();
  readonly #stop = new AbortController();
  #shown: Revision = -1;
  #waiting: { readonly revision: Revision; readonly resolve: () => void }[] = [];
  #following: Promise<void> = Promise.resolve();

  constructor(options: MappingWatchOptions) {
    this.#options = options;
  }

  /** Resolves once all mappings are known. Rejects when the store cannot be read now. */
  async start(): Promise<void> {
    const from = await this.#list();
    this.#following = this.#follow(from);
  }

  /** Resolves once everything up to `revision` has been applied; at once after `close`. */
  reached(revision: Revision): Promise<void> {
    if (this.#shown >= revision || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push({ revision, resolve }));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting = [];
    await this.#following;
  }

  /** Returns the revision to follow from. */
  async #list(): Promise<Revision> {
    const { documents, prefix } = this.#options;
    const changes = new Map<string, MappingRecord | undefined>();
    for (const uuid of this.#known) changes.set(uuid, undefined);
    let from: Revision | undefined;
    for (let after: string | undefined; ;) {
      const page = await documents.list(prefix, after === undefined ? {} : { after });
      from ??= page.revision;
      for (const { key, value } of page.documents) {
        changes.set(key.slice(prefix.length), value as unknown as MappingRecord);
      }
      after = page.next;
      if (after === undefined) break;
    }
    await this.#apply(changes, from);
    return from;
  }

  async #follow(start: Revision): Promise<void> {
    const { documents, prefix, clock, random, onTrouble } = this.#options;
    const { signal } = this.#stop;
    let from = start;
    for (let failures = 0; !signal.aborted;) {
      try {
        const pending = new Map<string, MappingRecord | undefined>();
        let isReset = false;
        for await (const change of documents.watch(prefix, from, signal)) {
          if (signal.aborted) return;
          if (change.kind === 'reset') {
            isReset = true;
            break;
          }
          if (change.kind === 'caught-up') {
            await this.#apply(new Map(pending), change.revision);
            pending.clear();
            from = change.revision;
            failures = 0;
          } else if (change.kind === 'put') {
            const { key, value } = change.document;
            pending.set(key.slice(prefix.length), value as unknown as MappingRecord);
          } else {
            pending.set(change.key.slice(prefix.length), undefined);
          }
        }
        if (isReset) from = await this.#list();
        else if (!signal.aborted) throw new Error('the watch ended by itself');
      } catch (error) {
        if (signal.aborted) return;
        onTrouble(error);
        failures += 1;
        await pause(clock, backoffMs(rewatch, failures, random), signal);
      }
    }
  }

  async #apply(changes: ReadonlyMap<string, MappingRecord | undefined>, revision: Revision): Promise<void> {
    for (const [uuid, record] of changes) {
      if (record === undefined) this.#known.delete(uuid);
      else this.#known.add(uuid);
    }
    if (changes.size > 0) await this.#options.onChange(changes);
    this.#shown = Math.max(this.#shown, revision);
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }
}
