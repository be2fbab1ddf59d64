/**
 * The tree that an archive unpacks to, planned before anything is written: every path once, every parent a directory,
 * every symbolic link ending inside the tree whatever other links it passes.
 */
import type { ArchiveEntry } from './archive.ts';
import { depthMax, entriesMax, linkHopsMax, linkStepsMax, linkTargetBytesMax } from './limits.ts';
import { invalid } from './refusal.ts';

export interface Tree {
  /** Parents before children. */
  readonly directories: readonly string[];
  readonly files: readonly ArchiveEntry[];
  readonly links: readonly ArchiveEntry[];
}

/** Throws a Refusal for an archive that names a path twice or puts something below a file or link. */
export function planTree(entries: readonly ArchiveEntry[]): Tree {
  const directories = new Set<string>();
  const leaves = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    if (entry.kind === 'directory') {
      addDirectories(directories, entry.path);
      continue;
    }
    if (leaves.has(entry.path)) throw invalid(`${entry.path} twice`);
    leaves.set(entry.path, entry);
    const parentEnd = entry.path.lastIndexOf('/');
    if (parentEnd > 0) addDirectories(directories, entry.path.slice(0, parentEnd));
  }
  for (const path of leaves.keys()) if (directories.has(path)) throw invalid(`${path} is file and directory`);
  const all = [...leaves.values()];
  return {
    directories: [...directories],
    files: all.filter(({ kind }) => kind === 'file'),
    links: all.filter(({ kind }) => kind === 'link'),
  };
}

function addDirectories(directories: Set<string>, path: string): void {
  if (directories.has(path)) return;
  const parentEnd = path.lastIndexOf('/');
  if (parentEnd > 0) addDirectories(directories, path.slice(0, parentEnd));
  // Parents that are only implied count too: a long path in each entry must not become millions of directories.
  if (directories.size >= entriesMax) throw invalid('too many directories');
  directories.add(path);
}

/** Throws a Refusal unless every link (path ─▶ target) stays inside the tree. */
export function checkLinks(targets: ReadonlyMap<string, string>): void {
  let steps = 0;
  for (const [path, target] of targets) {
    if (target === '' || target.includes('\0') || Buffer.byteLength(target) > linkTargetBytesMax) {
      throw invalid(`${path}: unusable link`);
    }
    steps += follow(path, targets);
    if (steps > linkStepsMax) throw invalid('too many links');
  }
}

/**
 * Walks a link as the system would: segment by segment, going on from the target wherever a segment is a link.
 * Returns how many segments that took.
 */
function follow(link: string, targets: ReadonlyMap<string, string>): number {
  const at: string[] = [];
  const ahead = link.split('/').toReversed();
  let steps = 0;
  for (let hops = 0; ahead.length > 0;) {
    const segment = ahead.pop();
    steps += 1;
    if (segment === undefined || segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (at.pop() === undefined) throw invalid(`${link}: link leads outside`);
      continue;
    }
    at.push(segment);
    if (at.length > depthMax + 1) throw invalid(`${link}: link leads too deep`);
    const target = targets.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > linkHopsMax) throw invalid(`${link}: too many links`);
    if (target.startsWith('/')) throw invalid(`${link}: link leads outside`);
    at.pop();
    ahead.push(...target.split('/').toReversed());
  }
  return steps;
}
