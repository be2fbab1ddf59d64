/**
 * Where a blob stands below the engine's directory. Each segment of the key is a directory, the last one a file whose name ends in `@`, so
 * that `a` and `a/b` can both exist. Upper case is written as `=` and lower case, for file systems that do not tell them apart.
 * Neither mark can occur in a key, so every path stands for one key at most.
 */

const fileMark = '@';

/** Relative, with `/`. The key must have been checked. */
export function pathOf(key: string): string {
  return escape(key) + fileMark;
}

/** What an entry of a directory stands for: a segment that ends a key, or one that goes on; undefined for what is not ours. */
export function entryOf(
  name: string,
  isDirectory: boolean,
): { readonly segment: string; readonly ends: boolean } | undefined {
  const ends = name.endsWith(fileMark);
  const escaped = ends ? name.slice(0, -fileMark.length) : name;
  if (ends === isDirectory || !/^(?:[a-z0-9._-]|=[a-z])+$/.test(escaped)) return undefined;
  const segment = escaped.replaceAll(/=([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { segment, ends };
}

function escape(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => `=${letter.toLowerCase()}`);
}
