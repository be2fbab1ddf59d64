/**
 * Inodes, in memory and as the format's 256 bytes. In memory they are as small as they can be: an image may have hundreds of thousands.
 *
 *     0 mode  2 uid  4 size  8 atime  c ctime  10 mtime  18 gid  1a links  1c sectors  20 flags  28 block[60]  68 attribute block  6c size(high)
 *     78 uid(high)  7a gid(high)  80 extra size  84.. fractions of times  a0 attributes[96]
 */
import { blockBytes } from '../limits.ts';
import { encodeRoot, treeBlocks, type Extents } from './extents.ts';
import { directoryLinksMax, fastLinkBytesMax, modeType, type Kind } from './format.ts';

export interface InodeAttributes {
  /** The part of the inode for attributes, as latin1; empty: none. */
  readonly inside: string;
  /** The block with the others; 0: none. */
  readonly block: number;
}

export const noAttributes: InodeAttributes = { inside: '', block: 0 };

export class Inode {
  readonly number: number;
  readonly kind: Kind;
  mode = 0o755;
  uid = 0;
  gid = 0;
  mtimeSeconds = 0;
  mtimeNanoseconds = 0;
  /** Names that lead to it; of a directory also its own `.` and the `..` of those in it. 0: removed. */
  links = 0;
  sizeBytes = 0;
  extents: Extents | undefined;
  attributes: InodeAttributes = noAttributes;
  /** Of a symbolic link, as latin1. */
  readonly target: string;

  constructor(number: number, kind: Kind, target = '') {
    this.number = number;
    this.kind = kind;
    this.target = target;
    this.sizeBytes = target.length;
  }
}

const extraBytes = 32;
const extentsFlag = 0x80000;
const sectorBytes = 512;

/** Writes it to 256 bytes of zeros. */
export function encodeInode(inode: Inode, into: Buffer): void {
  const { kind, extents, attributes } = inode;
  const blocks =
    (extents === undefined ? 0 : extents.blocks + treeBlocks(extents)) + (attributes.block === 0 ? 0 : 1);
  const links = kind === 'directory' && inode.links > directoryLinksMax ? 1 : inode.links;
  into.writeUInt16LE(modeType[kind] | inode.mode, 0);
  into.writeUInt16LE(inode.uid & 0xffff, 2);
  into.writeUInt32LE(inode.sizeBytes % 2 ** 32, 4);
  into.writeUInt16LE(inode.gid & 0xffff, 0x18);
  into.writeUInt16LE(links, 0x1a);
  into.writeUInt32LE(blocks * (blockBytes / sectorBytes), 0x1c);
  if (kind === 'symlink' && inode.target.length <= fastLinkBytesMax) {
    into.write(inode.target, 0x28, 'latin1');
  } else if (kind !== 'fifo') {
    into.writeUInt32LE(extentsFlag, 0x20);
    encodeRoot(extents, into.subarray(0x28, 0x28 + 60));
  }
  into.writeUInt32LE(attributes.block, 0x68);
  into.writeUInt32LE(Math.floor(inode.sizeBytes / 2 ** 32), 0x6c);
  into.writeUInt16LE(inode.uid >>> 16, 0x78);
  into.writeUInt16LE(inode.gid >>> 16, 0x7a);
  into.writeUInt16LE(extraBytes, 0x80);
  writeTimes(inode, into);
  into.write(attributes.inside, 0x80 + extraBytes, 'latin1');
}

/** Every time is the mtime: an archive has no others, and the image must not depend on when it was made. */
function writeTimes({ mtimeSeconds, mtimeNanoseconds }: Inode, into: Buffer): void {
  const seconds = Math.min(Math.max(mtimeSeconds, -(2 ** 31)), 2 ** 34 - 2 ** 31 - 1);
  const low = seconds | 0;
  // Two more bits of seconds, then nanoseconds.
  const extra = (((mtimeNanoseconds << 2) >>> 0) | ((seconds - low) / 2 ** 32)) >>> 0;
  for (const at of [0x8, 0xc, 0x10, 0x90]) into.writeInt32LE(low, at);
  for (const at of [0x84, 0x88, 0x8c, 0x94]) into.writeUInt32LE(extra, at);
}
