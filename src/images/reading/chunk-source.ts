/**
 * Chunks for all images of a worker: from memory, else fetched from the first tier that has them, verified, decrypted. However many read a chunk
 * at once, it is fetched once; however many chunks are missed at once, few are fetched at a time.
 */
import { ChunkError } from '../chunks/errors.ts';
import type { ManifestChunk } from '../chunks/manifest.ts';
import { nameOf, openChunk } from '../chunks/seal.ts';
import { chunkBytes, readLimits } from '../limits.ts';
import { Eviction } from './eviction.ts';
import type { ChunkTier } from './tier.ts';

export interface ChunkSourceOptions {
  /** Bytes of decrypted chunks in memory; at least one chunk's. */
  readonly memoryBytesMax: number;
  /** Shared by all images, nearest first; each image's own store comes after them. */
  readonly tiers: readonly ChunkTier[];
  readonly missesMax?: number;
  readonly missesWaitingMax?: number;
}

/** Since the source was made. */
export interface ReadCounts {
  readonly memoryHits: number;
  /** Chunks that came from a tier, by its name. */
  readonly hits: Readonly<Record<string, number>>;
  /** Chunks of a tier that were not what their name says. */
  readonly corrupt: Readonly<Record<string, number>>;
  /** Tiers' rejections. */
  readonly failures: Readonly<Record<string, number>>;
}

export class ChunkSource {
  readonly #tiers: readonly ChunkTier[];
  readonly #missesMax: number;
  readonly #missesWaitingMax: number;
  readonly #eviction: Eviction;
  /** By key: who has another key to the same name must not get what this one opens. */
  readonly #chunks = new Map<string, Buffer>();
  readonly #fetching = new Map<string, { readonly store: ChunkTier; readonly chunk: Promise<Buffer> }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #memoryHits = 0;
  readonly #hits = new Map<string, number>();
  readonly #corrupt = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  constructor({ memoryBytesMax, tiers, missesMax, missesWaitingMax }: ChunkSourceOptions) {
    this.#tiers = tiers;
    this.#missesMax = missesMax ?? readLimits.missesMax;
    this.#missesWaitingMax = missesWaitingMax ?? readLimits.missesWaitingMax;
    this.#eviction = new Eviction(Math.max(1, Math.floor(memoryBytesMax / chunkBytes)));
  }

  get counts(): ReadCounts {
    return {
      memoryHits: this.#memoryHits,
      hits: Object.fromEntries(this.#hits),
      corrupt: Object.fromEntries(this.#corrupt),
      failures: Object.fromEntries(this.#failures),
    };
  }

  /** What memory has: the chunk in the clear, not to be written to. */
  cached(chunk: ManifestChunk): Buffer | undefined {
    const id = idOf(chunk);
    if (!this.#eviction.read(id)) return undefined;
    this.#memoryHits += 1;
    return this.#chunks.get(id);
  }

  /** The chunk in the clear, not to be written to. Rejects with a ChunkError. */
  async get(chunk: ManifestChunk, store: ChunkTier): Promise<Buffer> {
    const cached = this.cached(chunk);
    if (cached !== undefined) return cached;
    const id = idOf(chunk);
    const fetching = this.#fetching.get(id);
    if (fetching?.store === store) return fetching.chunk;
    if (fetching !== undefined) {
      // Another image's store may have lost what this one's still has.
      const shared = await fetching.chunk.catch(() => undefined);
      return shared ?? this.get(chunk, store);
    }
    const fetched = this.#fetchInTurn(chunk, store).finally(() => this.#fetching.delete(id));
    this.#fetching.set(id, { store, chunk: fetched });
    return fetched;
  }

  async #fetchInTurn(chunk: ManifestChunk, store: ChunkTier): Promise<Buffer> {
    if (this.#running < this.#missesMax) this.#running += 1;
    else if (this.#waiting.length >= this.#missesWaitingMax) {
      throw new ChunkError('overloaded', 'too many chunks are being read');
    } else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    try {
      const plain = openChunk(chunk.key, await this.#fetch(chunk.name, [...this.#tiers, store]));
      const id = idOf(chunk);
      for (const evicted of this.#eviction.add(id)) this.#chunks.delete(evicted);
      this.#chunks.set(id, plain);
      return plain;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** The ciphertext, verified. */
  async #fetch(name: string, tiers: readonly ChunkTier[]): Promise<Uint8Array> {
    let worst: 'missing' | 'corrupt' | 'unavailable' = 'missing';
    let cause: unknown;
    for (const [depth, tier] of tiers.entries()) {
      try {
        const bytes = await tier.get(name);
        if (bytes === undefined) continue;
        if (bytes.byteLength === chunkBytes && nameOf(bytes) === name) {
          count(this.#hits, tier.name);
          for (const above of tiers.slice(0, depth)) above.keep?.(name, bytes);
          return bytes;
        }
        count(this.#corrupt, tier.name);
        tier.drop?.(name);
        worst = 'corrupt';
      } catch (error) {
        count(this.#failures, tier.name);
        cause = error;
        worst = 'unavailable';
      }
    }
    throw new ChunkError(worst, `chunk ${name} is ${worst} in every tier`, { cause });
  }
}

/** The key is a hash of the contents, and whoever has it may read them. */
function idOf({ key }: ManifestChunk): string {
  return key.toString('latin1');
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
