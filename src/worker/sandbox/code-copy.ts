/** A copy of a function's code under a path that stays, for debuggers: they know files by their paths. */
import { cp, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeTree } from './process/removal.ts';

/** Takes the place of what is there. Fails where the host cannot write it. */
export async function copyCode(from: string, to: string): Promise<void> {
  await removeTree(to);
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
}
