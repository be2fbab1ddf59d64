/**
 * Keeps a view as fresh as the store's watch can make it: lists everything once, then follows. Changes are applied together when the watch
 * says that it is caught up, so nobody sees half of a commit. When the store goes away the view goes on answering with what it knows, and
 * the watch is taken up again where it stood.
 */
import type { Change, Clock, Document, Documents, Random, Revision } from '#platform';

/** Wait before a broken watch is taken up again: doubles from the first to the last, ±50%. */
const rewatchDelayMsMin = 50;
const rewatchDelayMsMax = 5_000;

export interface Watched {
  put(document: Document): void;
  delete(key: string, revision: Revision): void;
  /** The keys of what is in it. */
  keys(): Iterable<string>;
}

export interface WatchingOptions {
  readonly documents: Documents;
  readonly prefix: string;
  readonly view: Watched;
  readonly random: Random;
  readonly clock: Clock;
  /** Told when the watch breaks; it goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Watching {
  readonly #options: WatchingOptions;
  readonly #stop = new AbortController();
  /** Changes seen since the last catch-up, newest per key; bounded by the number of keys. */
  readonly #pending = new Map<string, Extract<Change, { kind: 'put' | 'delete' }>>();
  #shown: Revision = -1;
  #waiting: Waiter[] = [];

  constructor(options: WatchingOptions) {
    this.#options = options;
  }

  /** Resolves once the view shows the whole state of the store. Rejects when the store cannot be read now. */
  async start(): Promise<void> {
    const { from, seen } = await this.#relist();
    void this.#follow(from);
    await this.reached(seen);
  }

  /** Resolves when the view shows everything up to `revision`. */
  reached(revision: Revision): Promise<void> {
    if (revision <= this.#shown) return Promise.resolve();
    if (this.#stop.signal.aborted) return Promise.reject(closedError());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ revision, resolve, reject });
    return promise;
  }

  close(): void {
    this.#stop.abort();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(closedError());
  }

  /** Reads everything. A watch from `from` misses nothing; once it has reached `seen`, the view is consistent. */
  async #relist(): Promise<{ from: Revision; seen: Revision }> {
    const { documents, prefix, view } = this.#options;
    let from: Revision | undefined;
    let seen: Revision = 0;
    const listed: Document[] = [];
    for (let after: string | undefined; ;) {
      const page = await documents.list(prefix, after === undefined ? {} : { after });
      from ??= page.revision;
      seen = page.revision;
      listed.push(...page.documents);
      after = page.next;
      if (after === undefined) break;
    }
    const there = new Set(listed.map(({ key }) => key));
    for (const key of [...view.keys()].filter((known) => !there.has(known))) view.delete(key, Infinity);
    for (const document of listed) view.put(document);
    this.#pending.clear();
    return { from, seen };
  }

  async #follow(start: Revision): Promise<void> {
    let from = start;
    let delayMs = rewatchDelayMsMin;
    const { documents, prefix, clock, random, onTrouble } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        let ended = 'the watch ended by itself';
        for await (const change of documents.watch(prefix, from, signal)) {
          if (signal.aborted) return;
          if (change.kind === 'reset') {
            from = (await this.#relist()).from;
            ended = '';
            break;
          }
          if (change.kind === 'caught-up') {
            from = change.revision;
            delayMs = rewatchDelayMsMin;
            this.#catchUp(change.revision);
          } else {
            this.#pending.set(change.kind === 'put' ? change.document.key : change.key, change);
          }
        }
        if (ended !== '' && !this.#stop.signal.aborted) throw new Error(ended);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        onTrouble?.(error);
        this.#pending.clear();
        const waitMs = delayMs * (0.5 + random.next());
        await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
        delayMs = Math.min(delayMs * 2, rewatchDelayMsMax);
      }
    }
  }

  #catchUp(revision: Revision): void {
    const { view } = this.#options;
    // What is gone first: a user who was renamed must not lose what stands under the new name.
    for (const change of this.#pending.values())
      if (change.kind === 'delete') view.delete(change.key, change.revision);
    for (const change of this.#pending.values()) if (change.kind === 'put') view.put(change.document);
    this.#pending.clear();
    this.#shown = Math.max(this.#shown, revision);
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }
}

const closedError = (): Error => new Error('the directory is closed');
