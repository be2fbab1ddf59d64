/** Where the chunks of all mounted images come from: memory, the worker's disk, the zone's cache, the store with second requests for slow ones. */
import { mkdir } from 'node:fs/promises';
import type { Blobs } from '#platform';
import { systemClock, systemEntropy } from '#platform';
import { ZoneTier } from '../cache/zone-tier.ts';
import type { Manifest } from '../chunks/manifest.ts';
import type { DeviceRequest } from '../device/messages.ts';
import type { MountCounts } from '../device/mounted.ts';
import { ChunkSource } from '../reading/chunk-source.ts';
import { Hedge } from '../reading/hedge.ts';
import { ImageReader } from '../reading/image-reader.ts';
import type { Place } from '../roots/place.ts';
import { StoreTier } from '../roots/store-tier.ts';
import { cacheNodes } from './cache-client.ts';
import { openDiskTier, type DiskTier } from './disk-tier.ts';

export class ChunkSupply {
  readonly #source: ChunkSource;
  readonly #disk: DiskTier;
  readonly #zone: ZoneTier;
  readonly #hedge = new Hedge(systemClock);
  readonly #blobs: Pick<Blobs, 'get'>;

  static async open(
    { cache, memoryBytesMax, zone }: DeviceRequest & { readonly kind: 'open' },
    blobs: Pick<Blobs, 'get'>,
  ): Promise<ChunkSupply> {
    await mkdir(cache.directory, { recursive: true, mode: 0o700 });
    const disk = await openDiskTier({ ...cache, entropy: systemEntropy });
    const nodes = new ZoneTier(zone === undefined ? [] : cacheNodes(zone), systemClock);
    const tiers = zone === undefined ? [disk] : [disk, nodes];
    return new ChunkSupply(new ChunkSource({ memoryBytesMax, tiers }), disk, nodes, blobs);
  }

  private constructor(source: ChunkSource, disk: DiskTier, zone: ZoneTier, blobs: Pick<Blobs, 'get'>) {
    this.#source = source;
    this.#disk = disk;
    this.#zone = zone;
    this.#blobs = { get: async (key) => this.#hedge.run(async () => blobs.get(key)) };
  }

  get counts(): Omit<MountCounts, 'mounted'> {
    return { ...this.#source.counts, ...this.#hedge.counts, zone: this.#zone.counts };
  }

  /** Resolves when the disk has what it was given. */
  async settle(): Promise<void> {
    await this.#disk.settle();
  }

  reader(image: string, manifest: Manifest, place: Place): ImageReader {
    return new ImageReader(manifest, this.#source, new StoreTier(this.#blobs, image, place));
  }
}
