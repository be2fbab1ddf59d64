/**
 * Paths of a container image, followed inside it: symbolic links of the image mean places of the image, whatever they say. Nothing here blocks
 * the thread: a mounted image is read while it is looked at.
 */
import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Stats } from 'node:fs';
import { imageLinksMax, imageStepsMax } from './limits.ts';

export type Found =
  | {
      readonly kind: 'found';
      /** Where it is on the host, without links on the way. */
      readonly host: string;
      readonly stats: Stats;
    }
  /** The system's name of what is wrong (ENOENT, EACCES, ENOTDIR, ELOOP, ...). */
  | { readonly kind: 'failed'; readonly code: string };

/** `path` is absolute inside the image whose root is `root`. A directory that others may not enter is EACCES: functions are nobody's owner. */
export async function findInside(root: string, path: string): Promise<Found> {
  let at = '/';
  let links = 0;
  let waiting = partsOf(path);
  for (let steps = 0; steps < imageStepsMax; steps += 1) {
    const [part, ...rest] = waiting;
    const host = join(root, at);
    const stats = await lstat(host).catch((error: unknown) => codeOf(error));
    if (typeof stats === 'string') return { kind: 'failed', code: stats };
    if (part === undefined) return { kind: 'found', host, stats };
    if (!stats.isDirectory()) return { kind: 'failed', code: 'ENOTDIR' };
    if ((stats.mode & 0o001) === 0) return { kind: 'failed', code: 'EACCES' };
    waiting = rest;
    // Above the root there is the root.
    const next = posix.resolve(at, part);
    const target = part === '..' ? undefined : await readlink(join(root, next)).catch(() => undefined);
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (links > imageLinksMax) return { kind: 'failed', code: 'ELOOP' };
    if (target.startsWith('/')) at = '/';
    waiting = [...partsOf(target), ...rest];
  }
  return { kind: 'failed', code: 'ELOOP' };
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
}
