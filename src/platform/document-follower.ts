/**
 * Follows the documents below a prefix: lists them once, then hands on what changes. Changes are handed on together when the watch says that it
 * is caught up, so nobody sees half of a commit. When the store goes away, whoever follows goes on with what it knows, and the watch is
 * taken up again where it stood.
 */
import type { Clock } from './clock.ts';
import type { Change, Document, Documents, Revision } from './documents.ts';
import { pause } from './pause.ts';
import type { Random } from './random.ts';

/** Wait before a broken watch is taken up again: doubles from the first to the last, ±50%. */
const rewatchDelayMsMin = 50;
const rewatchDelayMsMax = 5_000;

export type DocumentChange = Extract<Change, { kind: 'put' | 'delete' }>;

export interface DocumentFollowerOptions {
  readonly documents: Documents;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** What follows, as its errors name it once it is closed. */
  readonly name: string;
  /** The keys that are known: those that a listing does not have are deleted, at the revision Infinity. */
  readonly keys: () => Iterable<string>;
  /** Each key once; some may be known already. What comes later waits until this has resolved, where it does not return at once. */
  readonly apply: (changes: readonly DocumentChange[]) => void | Promise<void>;
  /** Told when the watch breaks; it goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class DocumentFollower {
  readonly #options: DocumentFollowerOptions;
  readonly #stop = new AbortController();
  /** Changes seen since the last catch-up, newest per key; bounded by the number of keys. */
  readonly #pending = new Map<string, DocumentChange>();
  #shown: Revision = -1;
  #waiting: Waiter[] = [];
  #following: Promise<void> = Promise.resolve();

  constructor(options: DocumentFollowerOptions) {
    this.#options = options;
  }

  /** Resolves once the whole state of the store was handed on. Rejects when the store cannot be read now. */
  async start(): Promise<void> {
    const { from, seen } = await this.#relist();
    this.#following = this.#follow(from);
    await this.reached(seen);
  }

  /** Resolves when everything up to `revision` was handed on. Rejects once this is closed. */
  reached(revision: Revision): Promise<void> {
    if (revision <= this.#shown) return Promise.resolve();
    if (this.#stop.signal.aborted) return Promise.reject(this.#closedError());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ revision, resolve, reject });
    return promise;
  }

  /** Nothing begins to be handed on after this; resolves once nothing is. */
  close(): Promise<void> {
    this.#stop.abort();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#closedError());
    return this.#following;
  }

  /** Reads everything. A watch from `from` misses nothing; once it has reached `seen`, what was handed on is consistent. */
  async #relist(): Promise<{ from: Revision; seen: Revision }> {
    const { documents, prefix, keys, apply } = this.#options;
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
    const gone = [...keys()].filter((known) => !there.has(known));
    this.#pending.clear();
    const applied = apply([
      ...gone.map((key) => ({ kind: 'delete', key, revision: Infinity }) as const),
      ...listed.map((document) => ({ kind: 'put', document }) as const),
    ]);
    if (applied !== undefined) await applied;
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
            // Before anything waits only where `apply` does: a view and what it is at change together.
            const applied = this.#options.apply([...this.#pending.values()]);
            if (applied !== undefined) await applied;
            this.#pending.clear();
            from = change.revision;
            delayMs = rewatchDelayMsMin;
            this.#show(change.revision);
          } else {
            this.#pending.set(change.kind === 'put' ? change.document.key : change.key, change);
          }
        }
        if (ended !== '' && !this.#stop.signal.aborted) throw new Error(ended);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        onTrouble?.(error);
        this.#pending.clear();
        await pause(clock, delayMs * (0.5 + random.next()), signal);
        delayMs = Math.min(delayMs * 2, rewatchDelayMsMax);
      }
    }
  }

  #show(revision: Revision): void {
    this.#shown = Math.max(this.#shown, revision);
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }

  #closedError(): Error {
    return new Error(`${this.#options.name} is closed`);
  }
}
