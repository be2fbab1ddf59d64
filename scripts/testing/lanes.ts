/** Which test files run beside each other, and in which order. */
import { existsSync } from 'node:fs';
import { normalize, relative } from 'node:path';

export interface Lane {
  readonly files: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
}

/** Files that are not run in the order of their names; as paths from the root of the project. */
export interface Special {
  /** Of more than ten seconds, the longest first: begun last, one of them would keep everybody waiting. */
  readonly long: readonly string[];
  /** That others must not disturb: they compare how long things take. They run one by one, when all else is done. */
  readonly alone: readonly string[];
}

export const special: Special = {
  long: [],
  alone: [],
};

/** Each file once, in lanes of which each begins when the one before is done. */
export function lanesOf(
  files: readonly string[],
  concurrency: number,
  { long, alone }: Special = special,
): readonly Lane[] {
  const gone = [...long, ...alone].filter((file) => !existsSync(file));
  if (gone.length > 0)
    throw new Error(`these test files are to be run specially, and are not there: ${gone.join(', ')}`);
  const paths = [...new Set(files.map((file) => normalize(relative('', file))))];
  const rest = paths.filter((file) => !alone.includes(file));
  const first = long.filter((file) => rest.includes(file));
  return [
    { files: [...first, ...rest.filter((file) => !first.includes(file))], concurrency },
    { files: alone.filter((file) => paths.includes(file)), concurrency: 1 },
  ].filter((lane) => lane.files.length > 0);
}
