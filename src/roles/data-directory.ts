/**
 * The directory of all state, made where it is missing.
 *
 * Node's own recursive `mkdir` never returns where a parent exists and yet answers ENOENT, as below /proc: here every
 * directory on the way is tried once.
 */
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The master key of images: there, where there has ever been one. */
export const masterKeyFileName = 'images.key';

const privateMode = 0o700;

/** Fails with the system's error (ENOENT, EACCES, EROFS, ENOTDIR, ...) where it cannot be made or written. */
export async function openDataDirectory(directory: string): Promise<void> {
  await makeDirectory(directory);
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
}

async function makeDirectory(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) await makeDirectory(parent);
  try {
    await mkdir(directory, { mode: privateMode });
  } catch (error) {
    // Another that starts at the same time was faster.
    if (!(await isDirectory(directory))) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
