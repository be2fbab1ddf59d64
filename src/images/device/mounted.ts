/** What a worker sees of images that are mounted on its host: directories, read-only, which fill as they are read. */
import type { ReadCounts } from '../reading/chunk-source.ts';
import type { ZoneCounts } from '../cache/zone-tier.ts';
import type { HedgeCounts } from '../reading/hedge.ts';

/** Mounted images of a worker, read-only; one mount per image however many environments use it. */
export interface ImageMounts {
  /** Rejects with a ChunkError where the image or its manifest cannot be had, and with an Error where the host does not mount. */
  mount(imageId: string): Promise<MountedImage>;
  /** Unmounts everything, also what is in use: reads of it fail from then on. */
  close(): Promise<void>;
}

export interface MountedImage {
  /** The root of the image's file system. Absolute; never to be read by synchronous calls on a thread that others wait for. */
  readonly directory: string;
  /** Resolves when the mount breaks: reads of what is not in memory fail from then on. Who needs more mounts the image anew. */
  readonly lost: Promise<void>;
  /** Gives this use back; the last unmounts (after a while). Calling it again does nothing. */
  release(): Promise<void>;
}

/** Which nodes the cache of a worker's zone has, and the secret that they share with it. */
export interface ZoneCache {
  /** `http://HOST:PORT`, spelled alike on all workers: where shards lie depends on it. */
  readonly nodes: readonly string[];
  readonly secret: string;
}

/** What is counted since the mounts were opened. */
export interface MountCounts extends ReadCounts, HedgeCounts {
  readonly mounted: number;
  readonly zone: ZoneCounts;
}

export interface CountedImageMounts extends ImageMounts {
  counts(): Promise<MountCounts>;
}
