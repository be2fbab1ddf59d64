/** The files engine: blobs in a directory of the file system. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blobs } from '../../blobs.ts';
import type { Entropy } from '../../random.ts';
import { FileBlobs } from './blobs.ts';
import { syncDirectory } from '../../sync-directory.ts';
import { DurableDirectories } from './durable-directories.ts';
import { unavailable } from './file-error.ts';

/**
 * Opens the blobs in `directory`, which is made if it is not there (what is above it must exist), and sweeps what unfinished writes of an
 * earlier run left. Only one process may have it open: hold the lock of the data directory. Rejects with a `StoreUnavailableError`.
 */
export async function openFileBlobs(
  directory: string,
  { entropy }: { readonly entropy: Entropy },
): Promise<Blobs> {
  const blobs = join(directory, 'blobs');
  const temporary = join(directory, 'tmp');
  try {
    await new DurableDirectories(directory).ensure(blobs);
    await mkdir(temporary, { recursive: true });
    for (const name of await readdir(temporary)) await rm(join(temporary, name), { recursive: true });
    await syncDirectory(directory);
  } catch (error) {
    throw unavailable(error);
  }
  return new FileBlobs(blobs, temporary, entropy);
}

/** The blobs in a directory that another process may have open; nothing is made, changed or swept. */
export function readFileBlobs(directory: string): Pick<Blobs, 'get' | 'stream' | 'info' | 'list'> {
  const neverWrites = { bytes: unused, uuid: unused };
  return new FileBlobs(join(directory, 'blobs'), join(directory, 'tmp'), neverWrites);
}

function unused(): never {
  throw new Error('these blobs are for reading');
}
