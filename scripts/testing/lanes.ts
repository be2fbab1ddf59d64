/** Which test files run beside each other, and in which order. */
import { existsSync } from 'node:fs';
import { normalize, relative } from 'node:path';

export interface Lane {
  readonly files: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
}

/** Files of more than ten seconds, the longest first: begun last, one of them would keep everybody waiting. */
const long: readonly string[] = [];

/** Files that others must not disturb. They run one by one, when all else is done. */
const alone: readonly string[] = [];

/** `files` as lanes, each of which begins when the one before is done. */
export function lanesOf(files: readonly string[], concurrency: number): readonly Lane[] {
  const gone = [...long, ...alone].filter((file) => !existsSync(file));
  if (gone.length > 0) throw new Error(`scripts/testing/lanes.ts names files that are not there: ${gone.join(', ')}`);
  const paths = [...new Set(files.map((file) => normalize(relative('', file))))];
  const rest = paths.filter((file) => !alone.includes(file));
  return [
    { files: [...long.filter((file) => rest.includes(file)), ...rest.filter((file) => !long.includes(file))], concurrency },
    { files: alone.filter((file) => paths.includes(file)), concurrency: 1 },
  ].filter((lane) => lane.files.length > 0);
}
