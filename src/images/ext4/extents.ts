/**
 * Where a file's blocks are. Contents are written in one go, so nearly every file is one run; a sparse file has several. More
 * extents than the inode holds become a tree of blocks.
 *
 *     node    magic f30a, entries, entries at most, depth (u16 each), generation[4]; then entries of 12 bytes
 *     leaf    first logical block[4] length[2] physical block(high)[2] (low)[4]
 *     index   first logical block[4] node's block(low)[4] (high)[2] unused[2]
 */
import { blockBytes } from '../limits.ts';

/** `blocks` in a row, in the file and in the image. */
export interface Run {
  readonly logical: number;
  readonly physical: number;
  readonly blocks: number;
}

export interface Extents {
  /** Of all runs; where there is one run only, it starts at `start` and at the file's first block. */
  readonly blocks: number;
  readonly start: number;
  /** For files that are more than one run from their start. */
  readonly tree: Tree | undefined;
}

interface Tree {
  readonly runs: readonly Run[];
  /** The 60 bytes of the inode. */
  readonly root: Buffer;
  /** The blocks of nodes, in a row. */
  readonly start: number;
  readonly blocks: number;
}

const entryBytes = 12;
const rootEntriesMax = 4;
const nodeEntriesMax = Math.floor((blockBytes - entryBytes) / entryBytes);
/** Longer ones would mean: not written yet. */
const extentBlocksMax = 32_768;

export function treeBlocks({ tree }: Extents): number {
  return tree?.blocks ?? 0;
}

/** The runs that a file's own contents take. */
export function runsOf({ start, blocks, tree }: Extents): readonly Run[] {
  return tree?.runs ?? [{ logical: 0, physical: start, blocks }];
}

/** The blocks of the image that nodes take: start and count. */
export function nodesOf({ tree }: Extents): { readonly start: number; readonly blocks: number } {
  return tree ?? { start: 0, blocks: 0 };
}

/** Describes runs (in order, none empty). Nodes of a tree are to be written to the blocks from `start`. */
export function describeRuns(
  runs: readonly Run[],
  start: number,
): { readonly extents: Extents | undefined; readonly nodes: readonly Buffer[] } {
  const [first] = runs;
  if (first === undefined) return { extents: undefined, nodes: [] };
  const blocks = runs.reduce((sum, run) => sum + run.blocks, 0);
  if (runs.length === 1 && first.logical === 0 && blocks <= rootEntriesMax * extentBlocksMax) {
    return { extents: { blocks, start: first.physical, tree: undefined }, nodes: [] };
  }
  let level = runs.flatMap(split).map(leafEntry);
  const nodes: Buffer[] = [];
  let depth = 0;
  while (level.length > rootEntriesMax) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += nodeEntriesMax) {
      const entries = level.slice(at, at + nodeEntriesMax);
      above.push(indexEntry(entries[0]?.readUInt32LE(0) ?? 0, start + nodes.length));
      const node = Buffer.alloc(blockBytes);
      encodeNode(entries, nodeEntriesMax, depth, node);
      nodes.push(node);
    }
    level = above;
    depth += 1;
  }
  const root = Buffer.alloc(60);
  encodeNode(level, rootEntriesMax, depth, root);
  const tree = { runs, root, start, blocks: nodes.length };
  return { extents: { blocks, start: first.physical, tree }, nodes };
}

/** Writes the 60 bytes of the inode. */
export function encodeRoot(extents: Extents | undefined, into: Buffer): void {
  if (extents?.tree !== undefined) {
    extents.tree.root.copy(into);
    return;
  }
  const runs = extents === undefined ? [] : runsOf(extents).flatMap(split);
  encodeNode(runs.map(leafEntry), rootEntriesMax, 0, into);
}

function encodeNode(entries: readonly Buffer[], entriesMax: number, depth: number, into: Buffer): void {
  into.writeUInt16LE(0xf30a, 0);
  into.writeUInt16LE(entries.length, 2);
  into.writeUInt16LE(entriesMax, 4);
  into.writeUInt16LE(depth, 6);
  for (const [index, entry] of entries.entries()) entry.copy(into, entryBytes * (index + 1));
}

function leafEntry({ logical, physical, blocks }: Run): Buffer {
  const entry = Buffer.alloc(entryBytes);
  entry.writeUInt32LE(logical, 0);
  entry.writeUInt16LE(blocks, 4);
  entry.writeUInt32LE(physical, 8);
  return entry;
}

function indexEntry(logical: number, block: number): Buffer {
  const entry = Buffer.alloc(entryBytes);
  entry.writeUInt32LE(logical, 0);
  entry.writeUInt32LE(block, 4);
  return entry;
}

function split({ logical, physical, blocks }: Run): readonly Run[] {
  const parts: Run[] = [];
  for (let done = 0; done < blocks; done += extentBlocksMax) {
    parts.push({
      logical: logical + done,
      physical: physical + done,
      blocks: Math.min(extentBlocksMax, blocks - done),
    });
  }
  return parts;
}
