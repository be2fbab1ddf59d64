/**
 * The worker's cache on disk: a file per chunk, encrypted as it came, so that what the disk does to it shows. Bounded in bytes; which chunk
 * makes room is decided by reading/eviction.ts. Nothing is synced: a torn file does not match its name and is dropped when it is read.
 *
 *     <directory>/<2 digits>/<name>    <directory>/tmp/<uuid>
 */
import { mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entropy } from '#platform';
import { chunkBytes, readLimits } from '../limits.ts';
import { Eviction } from '../reading/eviction.ts';
import type { ChunkTier } from '../reading/tier.ts';

export interface DiskTierOptions {
  readonly directory: string;
  /** At least one chunk's. */
  readonly bytesMax: number;
  readonly entropy: Entropy;
  /** Bytes of each; default a chunk's. */
  readonly entryBytes?: number;
}

/** Of a chunk, or of one of its shards. */
const entryName = /^[0-9a-f]{64}(-[0-4])?$/;

/** Opens the cache with what an earlier run left in it. Only one process may have a directory open. */
export async function openDiskTier(options: DiskTierOptions): Promise<DiskTier> {
  const { directory, bytesMax, entropy, entryBytes = chunkBytes } = options;
  const temporary = join(directory, 'tmp');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const tier = new DiskTier(directory, Math.max(1, Math.floor(bytesMax / entryBytes)), entropy);
  for (const shard of (await readdir(directory)).sort()) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue;
    for (const name of (await readdir(join(directory, shard))).sort()) {
      if (entryName.test(name) && name.startsWith(shard)) await tier.adopt(name);
    }
  }
  return tier;
}

export class DiskTier implements ChunkTier {
  readonly name = 'disk';
  readonly #directory: string;
  readonly #eviction: Eviction;
  readonly #entropy: Entropy;
  readonly #writing = new Map<string, Promise<void>>();

  constructor(directory: string, chunksMax: number, entropy: Entropy) {
    this.#directory = directory;
    this.#eviction = new Eviction(chunksMax);
    this.#entropy = entropy;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    if (!this.#eviction.read(name)) return undefined;
    try {
      return await readFile(this.#path(name));
    } catch (error) {
      this.#eviction.remove(name);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  keep(name: string, ciphertext: Uint8Array): void {
    if (this.#eviction.has(name) || this.#writing.has(name)) return;
    if (this.#writing.size >= readLimits.diskWritesMax) return;
    // A full or failing disk only means that the chunk is not kept.
    const writing = this.#write(name, ciphertext)
      .catch(() => {})
      .finally(() => this.#writing.delete(name));
    this.#writing.set(name, writing);
  }

  drop(name: string): void {
    this.#eviction.remove(name);
    void this.#remove(name);
  }

  /** Takes in a file that is there already. */
  async adopt(name: string): Promise<void> {
    for (const evicted of this.#eviction.add(name)) await this.#remove(evicted);
  }

  /** Resolves when everything that was to be kept is kept. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  async #write(name: string, ciphertext: Uint8Array): Promise<void> {
    const temporary = join(this.#directory, 'tmp', this.#entropy.uuid());
    try {
      await mkdir(join(this.#directory, name.slice(0, 2)), { recursive: true, mode: 0o700 });
      await writeFile(temporary, ciphertext, { mode: 0o600 });
      await rename(temporary, this.#path(name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.adopt(name);
  }

  async #remove(name: string): Promise<void> {
    await unlink(this.#path(name)).catch(() => {});
  }

  #path(name: string): string {
    return join(this.#directory, name.slice(0, 2), name);
  }
}
