/**
 * The head of an image: superblock, group descriptors, block bitmaps, inode bitmaps.
 *
 *     block 0   nothing, superblock   1 descriptors   2 block bitmaps, one per group   2+groups inode bitmaps
 */
import { assert } from '#lib/assert';
import { blockBytes, blocksPerChunk, chunkBytes, headChunks } from '../limits.ts';
import type { BlockMap } from './block-map.ts';
import {
  blocksPerGroup,
  firstInode,
  groupDescriptorBytes,
  inodesPerBlock,
  inodesPerGroupMax,
} from './format.ts';
import type { Inode } from './inode.ts';
import { encodeSuperblock } from './superblock.ts';

export interface Groups {
  readonly groups: number;
  readonly inodesPerGroup: number;
  /** Of the whole image. */
  readonly blocks: number;
}

/**
 * How an image is divided whose inode table starts at block `tableStart` and holds `inodes`. Many small files can need more
 * groups than their blocks do; the image then ends in blocks that are free and zero.
 */
export function groupsFor(tableStart: number, inodes: number): Groups {
  for (let groups = 1; ; groups += 1) {
    const inodesPerGroup = Math.ceil(inodes / groups / inodesPerBlock) * inodesPerBlock;
    const tableEnd = tableStart + (groups * inodesPerGroup) / inodesPerBlock;
    const least = Math.max(tableEnd, (groups - 1) * blocksPerGroup + 1);
    const blocks = Math.ceil(least / blocksPerChunk) * blocksPerChunk;
    if (inodesPerGroup <= inodesPerGroupMax && blocks <= groups * blocksPerGroup) {
      return { groups, inodesPerGroup, blocks };
    }
  }
}

export interface Contents extends Groups {
  readonly tableStart: number;
  /** The head's own blocks are added to it. */
  readonly used: BlockMap;
  /** By number. */
  readonly inodes: readonly (Inode | undefined)[];
}

const descriptorsBlock = 1;
const bitmapsBlock = 2;

export function encodeHead({ groups, inodesPerGroup, blocks, tableStart, used, inodes }: Contents): Buffer {
  const head = Buffer.alloc(headChunks * chunkBytes);
  assert(groups * groupDescriptorBytes <= blockBytes, 'group descriptors take more than a block');
  assert((bitmapsBlock + 2 * groups) * blockBytes <= head.length, 'bitmaps reach beyond the head');
  used.take(0, bitmapsBlock + 2 * groups);
  let freeInodes = 0;
  for (let group = 0; group < groups; group += 1) {
    const blockBitmap = bitmapsBlock + group;
    const inodeBitmap = bitmapsBlock + groups + group;
    const first = group * blocksPerGroup;
    const blocksHere = Math.min(blocksPerGroup, blocks - first);
    const bitmap = head.subarray(blockBitmap * blockBytes, (blockBitmap + 1) * blockBytes).fill(0xff);
    used.slice(first, blocksHere).copy(bitmap);
    const inUse = fillInodeBitmap(
      head.subarray(inodeBitmap * blockBytes, (inodeBitmap + 1) * blockBytes),
      inodes,
      group * inodesPerGroup + 1,
      inodesPerGroup,
    );
    const descriptor = head.subarray(descriptorsBlock * blockBytes + group * groupDescriptorBytes);
    descriptor.writeUInt32LE(blockBitmap, 0x0);
    descriptor.writeUInt32LE(inodeBitmap, 0x4);
    descriptor.writeUInt32LE(tableStart + (group * inodesPerGroup) / inodesPerBlock, 0x8);
    descriptor.writeUInt16LE(blocksHere - used.usedIn(first, blocksHere), 0xc);
    descriptor.writeUInt16LE(inodesPerGroup - inUse.inodes, 0xe);
    descriptor.writeUInt16LE(inUse.directories, 0x10);
    freeInodes += inodesPerGroup - inUse.inodes;
  }
  const counts = { inodes: groups * inodesPerGroup, blocks, freeBlocks: blocks - used.used, freeInodes };
  encodeSuperblock({ ...counts, inodesPerGroup }).copy(head, 1024);
  return head;
}

/** Bits beyond the group's inodes are set. */
function fillInodeBitmap(
  bitmap: Buffer,
  inodes: readonly (Inode | undefined)[],
  first: number,
  count: number,
): { readonly inodes: number; readonly directories: number } {
  bitmap.fill(0xff, count / 8);
  let inUse = 0;
  let directories = 0;
  for (let bit = 0; bit < count; bit += 1) {
    const inode = inodes[first + bit];
    if (inode === undefined && first + bit >= firstInode) continue;
    bitmap[bit >>> 3] = (bitmap[bit >>> 3] ?? 0) | (1 << (bit % 8));
    inUse += 1;
    if (inode?.kind === 'directory') directories += 1;
  }
  return { inodes: inUse, directories };
}
