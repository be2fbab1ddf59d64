/**
 * The zone's cache as a worker sees it: chunks whose shards lie on nodes nearby. All five shards are asked for at once and the first four that make
 * the chunk are enough, so one node that is slow, dead or wrong costs nothing. Nothing is believed before it was compared with the chunk's name.
 */
import type { Clock } from '#platform';
import { nameOf } from '../chunks/seal.ts';
import { chunkBytes, zoneLimits } from '../limits.ts';
import type { ChunkTier } from '../reading/tier.ts';
import { Gathering, type Gathered } from './gathering.ts';
import { NodeHealth } from './node-health.ts';
import { placesOf } from './placement.ts';
import { encode, shardCount } from './shards.ts';

/** One node, from afar. Each call rejects when the node does not do it in time. */
export interface CacheNode {
  /** Stable: where shards lie depends on it. */
  readonly id: string;
  get(chunk: string, shard: number): Promise<Uint8Array | undefined>;
  put(chunk: string, shard: number, bytes: Uint8Array): Promise<void>;
  remove(chunk: string, shard: number): Promise<void>;
}

export interface ZoneCounts {
  /** Shards that were not what they should be. */
  readonly wrongShards: number;
  /** Requests to nodes that failed. */
  readonly failures: number;
  /** Chunks that were not kept because too many were being kept. */
  readonly notKept: number;
}

interface Known {
  readonly node: CacheNode;
  readonly health: NodeHealth;
  /** Requests that it has not answered. */
  pending: number;
}

export class ZoneTier implements ChunkTier {
  readonly name = 'zone';
  readonly #nodes: readonly Known[];
  readonly #ids: readonly string[];
  readonly #clock: Clock;
  #keeping = 0;
  #wrongShards = 0;
  #failures = 0;
  #notKept = 0;

  constructor(nodes: readonly CacheNode[], clock: Clock) {
    this.#nodes = nodes.map((node) => ({ node, health: new NodeHealth(), pending: 0 }));
    this.#ids = nodes.map(({ id }) => id);
    this.#clock = clock;
  }

  get counts(): ZoneCounts {
    return { wrongShards: this.#wrongShards, failures: this.#failures, notKept: this.#notKept };
  }

  /** Never rejects: a cache that cannot answer does not have it. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const gathered = await this.#gather(name);
    this.#wrongShards += gathered.wrong.length;
    for (const shard of gathered.wrong) this.#remove(name, shard);
    return gathered.kind === 'found' ? gathered.chunk : undefined;
  }

  keep(name: string, ciphertext: Uint8Array): void {
    if (ciphertext.byteLength !== chunkBytes || this.#nodes.length === 0) return;
    if (this.#keeping >= zoneLimits.keepingMax) {
      this.#notKept += 1;
      return;
    }
    this.#keeping += 1;
    const puts = encode(ciphertext).map(async (bytes, shard) =>
      this.#ask(name, shard, async (node) => node.put(name, shard, bytes)),
    );
    void Promise.all(puts).finally(() => (this.#keeping -= 1));
  }

  drop(name: string): void {
    for (let shard = 0; shard < shardCount; shard += 1) this.#remove(name, shard);
  }

  /** The fifth answer is not waited for, and not broken off either: its connection is of use again. */
  #gather(name: string): Promise<Exclude<Gathered, { readonly kind: 'waiting' }>> {
    const gathering = new Gathering((chunk) => nameOf(chunk) === name);
    return new Promise((resolve) => {
      if (this.#nodes.length === 0) resolve({ kind: 'lost', wrong: [] });
      for (let shard = 0; shard < shardCount; shard += 1) {
        void this.#ask(name, shard, async (node) => node.get(name, shard)).then((bytes) => {
          const gathered = gathering.take(shard, bytes);
          if (gathered.kind !== 'waiting') resolve(gathered);
        });
      }
    });
  }

  #remove(name: string, shard: number): void {
    void this.#ask(name, shard, async (node) => node.remove(name, shard));
  }

  /** undefined also where the node fails, is left alone, or has too much to do. */
  async #ask<T>(name: string, shard: number, ask: (node: CacheNode) => Promise<T>): Promise<T | undefined> {
    const found = this.#nodes[placesOf(name, this.#ids)[shard] ?? -1];
    if (found === undefined || found.health.isResting(this.#clock.monotonicMs())) return undefined;
    if (found.pending >= zoneLimits.pendingPerNodeMax) return undefined;
    found.pending += 1;
    try {
      const value = await ask(found.node);
      found.health.succeeded();
      return value;
    } catch {
      this.#failures += 1;
      found.health.failed(this.#clock.monotonicMs());
      return undefined;
    } finally {
      found.pending -= 1;
    }
  }
}
