/**
 * Keeps a MetadataView as fresh as the store's watch can make it: lists everything once, then follows. Changes are
 * applied together when the watch says that it is caught up, so nobody sees half of a commit. When the store goes away the
 * view goes on answering with what it knows, and the watch is taken up again where it stood.
 */
import type { Change, Clock, Document, Documents, Random, Revision } from '#platform';
import type { MetadataCache, Resolution } from './cache.ts';
import { metadataPrefix } from './keys.ts';
import type { ProvisionedChange } from './provisioned.ts';
import type { EventInvokeRecord, FunctionPolicyRecord, FunctionUrlRecord } from './records.ts';
import { MetadataView, type Usage, type VersionChange } from './state.ts';

/** Wait before a broken watch is taken up again: doubles from the first to the last, ±50%. */
const rewatchDelayMsMin = 50;
const rewatchDelayMsMax = 5_000;

export interface MetadataCacheOptions {
  readonly documents: Documents;
  readonly region: string;
  readonly random: Random;
  readonly clock: Clock;
  /** Ends the watch, like `close`. */
  readonly signal?: AbortSignal;
  /** Told when the watch breaks; the cache goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

/** The cache, and what an account has stored (the control plane's limits need it). */
export interface WatchedMetadata extends MetadataCache {
  usage(accountId: string): Usage;
  /**
   * Calls back at once for every function that has something provisioned, and then whenever that, its aliases or its versions change,
   * after `onVersionChange` was told. Returns the unsubscriber.
   */
  onProvisionedChange(listener: (change: ProvisionedChange) => void): () => void;
}

/** Resolves once the cache shows the whole state of the store. Rejects when the store cannot be read now. */
export async function openMetadataCache(options: MetadataCacheOptions): Promise<WatchedMetadata> {
  const cache = new Cache(options);
  await cache.start();
  return cache;
}

class Cache implements WatchedMetadata {
  readonly #options: MetadataCacheOptions;
  readonly #view: MetadataView;
  readonly #listeners = new Set<Parameters<MetadataCache['onVersionChange']>[0]>();
  readonly #provisionedListeners = new Set<(change: ProvisionedChange) => void>();
  readonly #stop = new AbortController();
  /** Changes seen since the last catch-up, newest per key; bounded by the number of keys. */
  readonly #pending = new Map<string, Extract<Change, { kind: 'put' | 'delete' }>>();
  #shown: Revision = -1;
  #waiting: {
    readonly revision: Revision;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor(options: MetadataCacheOptions) {
    this.#options = options;
    this.#view = new MetadataView(options.region);
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  async start(): Promise<void> {
    const { from, seen } = await this.#relist();
    void this.#follow(from);
    await this.reached(seen);
  }

  resolve(accountId: string, functionName: string, qualifier: string | undefined): Resolution {
    return this.#view.resolve(accountId, functionName, qualifier, this.#options.random);
  }

  policies(accountId: string, functionName: string): FunctionPolicyRecord | undefined {
    return this.#view.policies(accountId, functionName);
  }

  url(urlId: string): FunctionUrlRecord | undefined {
    return this.#view.url(urlId);
  }

  eventInvoke(accountId: string, functionName: string, qualifier: string): EventInvokeRecord | undefined {
    return this.#view.eventInvoke(accountId, functionName, qualifier);
  }

  usage(accountId: string): Usage {
    return this.#view.usage(accountId);
  }

  reached(revision: Revision): Promise<void> {
    if (revision <= this.#shown) return Promise.resolve();
    if (this.#stop.signal.aborted) return Promise.reject(new Error('the metadata cache is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ revision, resolve, reject });
    return promise;
  }

  onVersionChange(listener: Parameters<MetadataCache['onVersionChange']>[0]): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onProvisionedChange(listener: (change: ProvisionedChange) => void): () => void {
    for (const change of this.#view.allProvisioned()) listener(change);
    this.#provisionedListeners.add(listener);
    return () => this.#provisionedListeners.delete(listener);
  }

  close(): void {
    this.#stop.abort();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new Error('the metadata cache is closed'));
  }

  /** Reads everything. A watch from `from` misses nothing; once it has reached `seen`, the view is consistent. */
  async #relist(): Promise<{ from: Revision; seen: Revision }> {
    let from: Revision | undefined;
    let seen: Revision = 0;
    const documents: Document[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#options.documents.list(metadataPrefix, after === undefined ? {} : { after });
      from ??= page.revision;
      seen = page.revision;
      documents.push(...page.documents);
      after = page.next;
      if (after === undefined) break;
    }
    const listed = new Set(documents.map(({ key }) => key));
    const changes: VersionChange[] = [];
    for (const key of [...this.#view.keys()].filter((known) => !listed.has(known))) {
      const change = this.#view.delete(key, Infinity);
      if (change) changes.push(change);
    }
    for (const document of documents) {
      const change = this.#view.put(document);
      if (change) changes.push(change);
    }
    this.#pending.clear();
    this.#tell(changes);
    return { from, seen };
  }

  async #follow(start: Revision): Promise<void> {
    let from = start;
    let delayMs = rewatchDelayMsMin;
    const { documents, clock, random, onTrouble } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        let ended = 'the watch ended by itself';
        for await (const change of documents.watch(metadataPrefix, from, signal)) {
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
    const changes: VersionChange[] = [];
    for (const pending of this.#pending.values()) {
      const change =
        pending.kind === 'put'
          ? this.#view.put(pending.document)
          : this.#view.delete(pending.key, pending.revision);
      if (change) changes.push(change);
    }
    this.#pending.clear();
    this.#shown = Math.max(this.#shown, revision);
    this.#tell(changes);
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }

  #tell(changes: readonly VersionChange[]): void {
    for (const change of changes) for (const listener of this.#listeners) listener(change);
    for (const change of this.#view.takeProvisionedChanges()) {
      for (const listener of this.#provisionedListeners) listener(change);
    }
  }
}
