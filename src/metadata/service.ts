/**
 * Keeps a MetadataView as fresh as the store's watch can make it, and tells who listens. When the store goes away the view goes on
 * answering with what it knows.
 */
import {
  type Clock,
  type DocumentChange,
  DocumentFollower,
  type Documents,
  type Random,
  type Revision,
} from '#platform';
import type { MetadataCache, Resolution } from './cache.ts';
import { metadataPrefix } from './keys.ts';
import type { ProvisionedChange } from './provisioned.ts';
import type { EventInvokeRecord, FunctionPolicyRecord, FunctionUrlRecord } from './records.ts';
import { MetadataView, type Usage, type VersionChange } from './state.ts';

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
  /** The alias (or the version itself) whose provisioned concurrency a version is part of. */
  provisionedFor(accountId: string, functionName: string, version: string): string;
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
  readonly #follower: DocumentFollower;

  constructor(options: MetadataCacheOptions) {
    this.#options = options;
    this.#view = new MetadataView(options.region);
    const { documents, clock, random, onTrouble } = options;
    this.#follower = new DocumentFollower({
      documents,
      prefix: metadataPrefix,
      clock,
      random,
      name: 'the metadata cache',
      keys: () => this.#view.keys(),
      apply: (changes) => this.#apply(changes),
      ...(onTrouble && { onTrouble }),
    });
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  start(): Promise<void> {
    return this.#follower.start();
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
    return this.#follower.reached(revision);
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

  provisionedFor(accountId: string, functionName: string, version: string): string {
    return this.#view.provisionedFor(accountId, functionName, version);
  }

  close(): void {
    void this.#follower.close();
  }

  #apply(changes: readonly DocumentChange[]): void {
    const versions: VersionChange[] = [];
    for (const change of changes) {
      const changed =
        change.kind === 'put'
          ? this.#view.put(change.document)
          : this.#view.delete(change.key, change.revision);
      if (changed) versions.push(changed);
    }
    this.#tell(versions);
  }

  #tell(changes: readonly VersionChange[]): void {
    for (const change of changes) for (const listener of this.#listeners) listener(change);
    for (const change of this.#view.takeProvisionedChanges()) {
      for (const listener of this.#provisionedListeners) listener(change);
    }
  }
}
