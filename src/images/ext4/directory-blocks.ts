/**
 * A directory's contents as blocks: entries in order of their names' bytes, none across a block's end.
 *
 *     entry   inode[4] length of the entry[2] length of the name[1] type[1] name, padded to 4; the last one of a block reaches its end
 */
import { blockBytes } from '../limits.ts';
import { fileType } from './format.ts';
import type { Inode } from './inode.ts';

export function encodeDirectory(
  self: Inode,
  parent: Inode,
  children: ReadonlyMap<string, Inode>,
): readonly Buffer[] {
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(blockBytes);
  let at = 0;
  let last = 0;
  const add = (name: string, inode: Inode): void => {
    const bytes = (8 + name.length + 3) & ~3;
    if (at + bytes > blockBytes) {
      block.writeUInt16LE(blockBytes - last, last + 4);
      blocks.push(block);
      block = Buffer.alloc(blockBytes);
      at = 0;
    }
    block.writeUInt32LE(inode.number, at);
    block.writeUInt16LE(bytes, at + 4);
    block[at + 6] = name.length;
    block[at + 7] = fileType[inode.kind];
    block.write(name, at + 8, 'latin1');
    last = at;
    at += bytes;
  };
  add('.', self);
  add('..', parent);
  for (const name of [...children.keys()].sort(byBytes)) {
    const child = children.get(name);
    if (child !== undefined) add(name, child);
  }
  block.writeUInt16LE(blockBytes - last, last + 4);
  blocks.push(block);
  return blocks;
}

/** Names are latin1, so code units are bytes. */
function byBytes(left: string, right: string): number {
  return left < right ? -1 : 1;
}
