/** The superblock: 1024 bytes at 1024. Whatever says when, where and by whom an image was made is constant. */
import { blocksPerGroup, features, firstInode, inodeBytes, volumeUuid } from './format.ts';

export interface Counts {
  readonly inodes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly inodesPerGroup: number;
}

export function encodeSuperblock(counts: Counts): Buffer {
  const block = Buffer.alloc(1024);
  const word = (at: number, value: number): void => void block.writeUInt32LE(value, at);
  const half = (at: number, value: number): void => void block.writeUInt16LE(value, at);
  word(0x00, counts.inodes);
  word(0x04, counts.blocks);
  word(0x0c, counts.freeBlocks);
  word(0x10, counts.freeInodes);
  word(0x18, 2); // block size: 1024 << 2
  word(0x1c, 2); // cluster size
  word(0x20, blocksPerGroup);
  word(0x24, blocksPerGroup);
  word(0x28, counts.inodesPerGroup);
  half(0x36, 0xffff); // mounts until a check: never
  half(0x38, 0xef53);
  half(0x3a, 1); // clean
  half(0x3c, 1); // on errors: go on
  word(0x4c, 1); // revision
  word(0x54, firstInode);
  half(0x58, inodeBytes);
  word(0x5c, features.compatible);
  word(0x60, features.incompatible);
  word(0x64, features.readOnlyCompatible);
  volumeUuid.copy(block, 0x68);
  block.write('lambkin', 0x78, 'latin1');
  word(0x100, 0x4 | 0x8); // mount options: user attributes, access control lists
  half(0x15c, 32); // the least and the usual extra bytes of an inode
  half(0x15e, 32);
  word(0x160, 1); // bytes in hashes are signed
  block[0x174] = 7; // groups that share their metadata: 2^7
  return block;
}
