/** Opens what mounts images on this host. */
import { mkdir, realpath } from 'node:fs/promises';
import { ImageMountTable } from '../device/image-mounts.ts';
import type { CountedImageMounts } from '../device/mounted.ts';
import { DeviceProcess } from './device-process.ts';
import type { ImageMountsOptions } from './image-mounts-options.ts';
import { imageMountsProblem } from './mounts-problem.ts';

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
