/**
 * Lays unpacked trees over each other into an empty directory, as layers are at /opt: of two entries of one name the later
 * tree's counts, and directories become one. Files are the same files under a further name (hard links), so a merged tree
 * costs directory entries only. As in a tree that is unpacked, links come last and none leads outside.
 */
import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { entryOverheadBytes, turnEntriesMax } from '../limits.ts';
import { checkLinks } from '../tree.ts';
import { directoryMode } from './tree-writer.ts';

type Node =
  | Directory
  | { readonly kind: 'file'; readonly source: string }
  | { readonly kind: 'link'; readonly target: string };

interface Directory {
  readonly kind: 'directory';
  readonly children: Map<string, Node>;
}

/** Returns the bytes of disk that the tree may come to take: all of them, once the merged trees are gone. Throws a Refusal. */
export async function mergeTrees(roots: readonly string[], directory: string): Promise<number> {
  const turns = new Turns();
  const merged: Directory = { kind: 'directory', children: new Map() };
  for (const root of roots) await layOver(merged, root, turns);
  const writing = new Writing(turns);
  await writing.write(merged, directory, '');
  checkLinks(writing.links);
  for (const [path, target] of writing.links) {
    symlinkSync(target, join(directory, path));
    await turns.next();
  }
  return writing.bytes;
}

async function layOver(below: Directory, path: string, turns: Turns): Promise<void> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const source = join(path, entry.name);
    await turns.next();
    if (entry.isDirectory()) {
      const there = below.children.get(entry.name);
      const next: Directory =
        there?.kind === 'directory' ? there : { kind: 'directory', children: new Map() };
      below.children.set(entry.name, next);
      await layOver(next, source, turns);
    } else if (entry.isSymbolicLink()) {
      below.children.set(entry.name, { kind: 'link', target: readlinkSync(source) });
    } else if (entry.isFile()) {
      below.children.set(entry.name, { kind: 'file', source });
    }
  }
}

class Writing {
  readonly links = new Map<string, string>();
  bytes = 0;
  readonly #turns: Turns;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Writes what is in `from`, all but its links. */
  async write(from: Directory, directory: string, path: string): Promise<void> {
    for (const [name, node] of from.children) {
      const entryPath = path === '' ? name : `${path}/${name}`;
      const target = join(directory, name);
      this.bytes += entryOverheadBytes;
      await this.#turns.next();
      switch (node.kind) {
        case 'directory':
          mkdirSync(target, { mode: directoryMode });
          await this.write(node, target, entryPath);
          break;
        case 'file':
          linkOrCopy(node.source, target);
          this.bytes += lstatSync(target).size;
          break;
        case 'link':
          this.links.set(entryPath, node.target);
          break;
        default:
          node satisfies never;
      }
    }
  }
}

/** Some file systems know no second name of a file, or only so many of them. */
function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target, constants.COPYFILE_EXCL);
  }
}

/** Lets others run after so many entries. */
class Turns {
  #entries = 0;

  async next(): Promise<void> {
    this.#entries += 1;
    if (this.#entries < turnEntriesMax) return;
    this.#entries = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
