/**
 * Numbers of the ext4 format. Source: Linux, Documentation/filesystems/ext4 (superblock, group descriptors, inodes, extents, directories, extended
 * attributes).
 *
 * What our images use of it:
 * - 4 KiB blocks, groups of 32,768 blocks, inodes of 256 bytes, extents.
 * - `flex_bg`: all bitmaps stand at the head and all inode tables at the tail, so file data are not interrupted.
 * - `sparse_super2` without backups of the superblock: nothing stands in between for the same reason. Every byte of an image is
 *   verified by its chunk's name, so neither backups nor `metadata_csum` would protect anything.
 * - `read-only`: the kernel refuses to mount an image for writing.
 */
import { blockBytes } from '../limits.ts';

export const blocksPerGroup = 8 * blockBytes;
export const inodeBytes = 256;
export const inodesPerBlock = blockBytes / inodeBytes;
export const inodesPerGroupMax = 8 * blockBytes;
export const groupDescriptorBytes = 32;

export const rootInode = 2;
/** Lower numbers are the format's own. */
export const firstInode = 11;

export const features = {
  /** ext_attr, sparse_super2 */
  compatible: 0x8 | 0x200,
  /** filetype, extents, flex_bg */
  incompatible: 0x2 | 0x40 | 0x200,
  /** large_file, dir_nlink, extra_isize, read-only */
  readOnlyCompatible: 0x2 | 0x20 | 0x40 | 0x1000,
} as const;

export const fileType = { file: 1, directory: 2, fifo: 5, symlink: 7 } as const;
export const modeType = { file: 0o100000, directory: 0o040000, fifo: 0o010000, symlink: 0o120000 } as const;
export type Kind = keyof typeof fileType;

/** Symbolic links of fewer bytes stand in the inode. */
export const fastLinkBytesMax = 59;
/** Directories of more links say 1. */
export const directoryLinksMax = 64_999;

/** Of all images: two that are mounted at once may share it. */
export const volumeUuid = Buffer.from('6c616d626b696e4080006d6167650001', 'hex');
