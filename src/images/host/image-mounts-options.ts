/** What mounting images on this host needs. */
import type { Clock, Json } from '#platform';
import type { ZoneCache } from '../device/mounted.ts';
import type { ImageStore } from '../roots/image-store.ts';

/** The program that serves the mounts' reads: a process of its own (see the README), started with Lambkin's own Node. */
export interface DeviceProgram {
  /** Path of a module that calls `serveImageDevices`. */
  readonly path: string;
  /** What it is told: where the store's blobs are, ... */
  readonly settings: Json;
}

export interface ImageMountsOptions {
  readonly store: ImageStore;
  /** Whose images are mounted. */
  readonly account: string;
  /** Mounts and sockets stand in it. What an earlier run left in it is unmounted, ended and removed; nothing else may stand there. */
  readonly directory: string;
  readonly device: DeviceProgram;
  /** The worker's chunks on disk, for all images together. */
  readonly cache: { readonly directory: string; readonly bytesMax: number };
  /** Bytes of decrypted chunks in the device program's memory, for all images together. */
  readonly memoryBytesMax: number;
  /** Asked between the disk and the store. */
  readonly zone?: ZoneCache;
  readonly clock: Clock;
  /** Hears of what goes wrong without failing a mount. */
  readonly warn: (message: string) => void;
  /** How long an image stays mounted that nobody uses. */
  readonly idleMs?: number;
  /** Reads of the first so many milliseconds after an image's first mount are its start, which later mounts read ahead. */
  readonly traceMs?: number;
}
