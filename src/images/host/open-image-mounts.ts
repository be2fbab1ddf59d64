/** Opens what mounts images on this host. */
import type { Clock, Entropy, Json } from '#platform';
import type { CountedImageMounts } from '../device/mounted.ts';
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
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Hears of what goes wrong without failing a mount. */
  readonly warn: (message: string) => void;
  /** How long an image stays mounted that nobody uses. */
  readonly idleMs?: number;
}

/** Rejects where the host cannot mount (see `imageMountsProblem`), or what was left in the directory cannot be cleared. */
export async function openImageMounts(_options: ImageMountsOptions): Promise<CountedImageMounts> {
  throw new Error('images cannot be mounted yet');
}
