/**
 * A node of the zone's cache: shards by chunk and place, in memory and on disk, both bounded. It knows nothing of what they are, and is believed
 * nothing: whoever reads compares.
 */
import { Eviction } from '../reading/eviction.ts';
import type { ChunkTier } from '../reading/tier.ts';
import { shardBytes } from './shards.ts';

export interface CacheNodeOptions {
  /** Bytes of shards in memory; at least one shard's. */
  readonly memoryBytesMax: number;
  /** Below memory; keeps entries named `<chunk>-<shard>`. */
  readonly disk?: Pick<Required<ChunkTier>, 'get' | 'keep' | 'drop'>;
}

export interface NodeCounts {
  readonly memoryHits: number;
  readonly diskHits: number;
  readonly misses: number;
  readonly puts: number;
}

export class CacheNodeStore {
  readonly #memory = new Map<string, Uint8Array>();
  readonly #eviction: Eviction;
  readonly #disk: CacheNodeOptions['disk'];
  #memoryHits = 0;
  #diskHits = 0;
  #misses = 0;
  #puts = 0;

  constructor({ memoryBytesMax, disk }: CacheNodeOptions) {
    this.#eviction = new Eviction(Math.max(1, Math.floor(memoryBytesMax / shardBytes)));
    this.#disk = disk;
  }

  get counts(): NodeCounts {
    return { memoryHits: this.#memoryHits, diskHits: this.#diskHits, misses: this.#misses, puts: this.#puts };
  }

  async get(chunk: string, shard: number): Promise<Uint8Array | undefined> {
    const name = nameOf(chunk, shard);
    if (this.#eviction.read(name)) {
      this.#memoryHits += 1;
      return this.#memory.get(name);
    }
    // A disk that fails does not have it.
    const bytes = await this.#disk?.get(name).catch(() => undefined);
    if (bytes === undefined || bytes.byteLength !== shardBytes) {
      if (bytes !== undefined) this.#disk?.drop(name);
      this.#misses += 1;
      return undefined;
    }
    this.#diskHits += 1;
    this.#remember(name, bytes);
    return bytes;
  }

  /** `bytes` has `shardBytes` and is not changed afterwards. What is there already is replaced. */
  put(chunk: string, shard: number, bytes: Uint8Array): void {
    const name = nameOf(chunk, shard);
    this.#puts += 1;
    this.#remember(name, bytes);
    this.#disk?.keep(name, bytes);
  }

  remove(chunk: string, shard: number): void {
    const name = nameOf(chunk, shard);
    this.#eviction.remove(name);
    this.#memory.delete(name);
    this.#disk?.drop(name);
  }

  #remember(name: string, bytes: Uint8Array): void {
    for (const evicted of this.#eviction.add(name)) this.#memory.delete(evicted);
    this.#memory.set(name, bytes);
  }
}

function nameOf(chunk: string, shard: number): string {
  return `${chunk}-${shard}`;
}
