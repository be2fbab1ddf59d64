/** Opens what mounts images on this host. */
import { mkdir, realpath } from 'node:fs/promises';
import type { Clock, Json } from '#platform';
import { ImageMountTable } from '../device/image-mounts.ts';
import type { CountedImageMounts, ZoneCache } from '../device/mounted.ts';
import type { ImageStore } from '../roots/image-store.ts';
import { DeviceProcess } from './device-process.ts';
import { imageMountsProblem } from './mounts-problem.ts';

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

/**
 * Open them before whatever makes namespaces of its own in which the mounts are to be seen. Rejects where the host cannot mount (see
 * `imageMountsProblem`), or what was left in the directory cannot be cleared.
 */
export async function openImageMounts(options: ImageMountsOptions): Promise<CountedImageMounts> {
  const problem = await imageMountsProblem();
  if (problem !== undefined) throw new Error(`images cannot be mounted here: ${problem}`);
  await mkdir(options.directory, { recursive: true, mode: 0o711 });
  const directory = await realpath(options.directory);
  const { clock, warn, idleMs } = options;
  const device = await DeviceProcess.open({ ...options, directory });
  return new ImageMountTable({ device, clock, warn, ...(idleMs === undefined ? {} : { idleMs }) });
}
