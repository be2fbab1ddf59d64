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
import { Turns, type Turn } from './turns.ts';

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

interface Fetching {
  readonly store: ChunkTier;
  readonly chunk: Promise<Buffer>;
  readonly turn: Turn;
}

export class ChunkSource {
  readonly #tiers: readonly ChunkTier[];
  readonly #turns: Turns;
  readonly #chunksMax: number;
  readonly #eviction: Eviction;
  /** By key: who has another key to the same name must not get what this one opens. */
  readonly #chunks = new Map<string, Buffer>();
  readonly #fetching = new Map<string, Fetching>();
  #memoryHits = 0;
  readonly #hits = new Map<string, number>();
  readonly #corrupt = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  constructor({ memoryBytesMax, tiers, missesMax, missesWaitingMax }: ChunkSourceOptions) {
    this.#tiers = tiers;
    this.#turns = new Turns({
      runningMax: missesMax ?? readLimits.missesMax,
      waitingMax: missesWaitingMax ?? readLimits.missesWaitingMax,
      aheadMax: readLimits.readaheadMax,
      aheadWaitingMax: readLimits.readaheadWaitingMax,
    });
    this.#chunksMax = Math.max(1, Math.floor(memoryBytesMax / chunkBytes));
    this.#eviction = new Eviction(this.#chunksMax);
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
    const fetching = this.#fetching.get(idOf(chunk));
    if (fetching === undefined) return this.#begin(chunk, store, false);
    fetching.turn.hurry();
    if (fetching.store === store) return fetching.chunk;
    // Another image's store may have lost what this one's still has.
    const shared = await fetching.chunk.catch(() => undefined);
    return shared ?? this.get(chunk, store);
  }

  /** Fetches chunks that may be wanted soon, after all that is wanted now; no more of them than leave room for others. Never rejects. */
  async getAhead(chunks: readonly ManifestChunk[], store: ChunkTier): Promise<void> {
    const first = chunks.slice(0, Math.max(1, Math.floor(this.#chunksMax * readLimits.readaheadShare)));
    const fetches = first.map(async (chunk) => {
      const id = idOf(chunk);
      if (!this.#chunks.has(id) && !this.#fetching.has(id)) await this.#begin(chunk, store, true);
    });
    await Promise.allSettled(fetches);
  }

  #begin(chunk: ManifestChunk, store: ChunkTier, ahead: boolean): Promise<Buffer> {
    const id = idOf(chunk);
    const turn = this.#turns.take(ahead);
    const fetched = this.#fetchInTurn(chunk, store, turn).finally(() => this.#fetching.delete(id));
    this.#fetching.set(id, { store, chunk: fetched, turn });
    return fetched;
  }

  async #fetchInTurn(chunk: ManifestChunk, store: ChunkTier, turn: Turn): Promise<Buffer> {
    try {
      await turn.begun;
      const plain = openChunk(chunk.key, await this.#fetch(chunk.name, [...this.#tiers, store]));
      const id = idOf(chunk);
      for (const evicted of this.#eviction.add(id)) this.#chunks.delete(evicted);
      this.#chunks.set(id, plain);
      return plain;
    } finally {
      turn.end();
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
