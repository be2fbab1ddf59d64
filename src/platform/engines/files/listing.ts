/** Walks the tree of blobs in order of key, and reads no directory that cannot hold what is looked for. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobInfo } from '../../blobs.ts';
import { errorCode } from './file-error.ts';
import { entryOf } from './key-paths.ts';

interface Wanted {
  readonly prefix: string;
  /** Exclusive; empty for all. */
  readonly after: string;
}

interface Entry {
  readonly path: string;
  /** The key, or with a `/` at its end the start of all keys in the directory. */
  readonly start: string;
}

/** Blobs in ascending order of key. */
export async function* blobsBelow(root: string, wanted: Wanted): AsyncGenerator<BlobInfo, void> {
  yield* walk({ path: root, start: '' }, wanted);
}

async function* walk(directory: Entry, wanted: Wanted): AsyncGenerator<BlobInfo, void> {
  // Sorted with the `/`, which is how the keys themselves sort.
  const entries = (await entriesOf(directory)).toSorted((left, right) => (left.start < right.start ? -1 : 1));
  for (const entry of entries) {
    if (entry.start.endsWith('/')) {
      if (mayHold(entry.start, wanted)) yield* walk(entry, wanted);
    } else if (entry.start.startsWith(wanted.prefix) && entry.start > wanted.after) {
      const sizeBytes = await sizeOf(entry.path);
      if (sizeBytes !== undefined) yield { key: entry.start, sizeBytes };
    }
  }
}

/** Whether a key that begins with `start` can be wanted. */
function mayHold(start: string, { prefix, after }: Wanted): boolean {
  const fits = start.startsWith(prefix) || prefix.startsWith(start);
  return fits && (start > after || after.startsWith(start));
}

async function entriesOf({ path, start }: Entry): Promise<readonly Entry[]> {
  const found = await readdir(path, { withFileTypes: true }).catch(ignoreMissing);
  return (found ?? []).flatMap((file) => {
    const entry = entryOf(file.name, file.isDirectory());
    if (entry === undefined) return [];
    return [{ path: join(path, file.name), start: start + entry.segment + (entry.ends ? '' : '/') }];
  });
}

/** In bytes; undefined when the file was deleted meanwhile. */
async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ignoreMissing))?.size;
}

export function ignoreMissing(error: unknown): undefined {
  const code = errorCode(error);
  // ENOTDIR does not occur among our own paths, but what is not there is not there.
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}
