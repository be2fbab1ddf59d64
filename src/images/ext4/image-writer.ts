/**
 * Writes an ext4 image from front to back.
 *
 *     chunk 0, 1   superblock, group descriptors, block bitmaps, inode bitmaps     written last
 *     layer 1      contents of its files, in the archive's order | directories that it changed
 *     layer 2      ...
 *     tail         the table of all inodes, by number
 *
 * Each part starts at a chunk. A layer's contents do not depend on what is below it, and its directories only on the layers up to
 * it: what a later layer replaces stays where it is, as free blocks. So images share the chunks of the layers that they share,
 * and of inodes, numbered in the order of their making, the chunks of the table in which nothing changed.
 */
import { assert } from '#lib/assert';
import { blockBytes, chunkBytes, groupsMax, headChunks } from '../limits.ts';
import type { Attribute } from '../tar/entry.ts';
import { tooLarge } from '../refusal.ts';
import { encodeAttributes } from './attributes.ts';
import { BlockMap } from './block-map.ts';
import { ChunkStream, type ChunkSink } from './chunk-stream.ts';
import { encodeDirectory } from './directory-blocks.ts';
import { describeRuns, nodesOf, runsOf, type Extents, type Run } from './extents.ts';
import { blocksPerGroup, fastLinkBytesMax, firstInode, inodeBytes, rootInode, type Kind } from './format.ts';
import { encodeHead, groupsFor } from './head.ts';
import { encodeInode, Inode, noAttributes, type InodeAttributes } from './inode.ts';

export interface ImageShape {
  readonly sizeBytes: number;
  readonly inodes: number;
  readonly blocksUsed: number;
}

export class ImageWriter {
  readonly #sink: ChunkSink;
  readonly #stream: ChunkStream;
  readonly #blocks = new BlockMap(groupsMax * blocksPerGroup);
  /** By number; undefined: never used, or removed. */
  readonly #inodes: (Inode | undefined)[] = [];
  #nextInode = firstInode;

  constructor(sink: ChunkSink) {
    this.#sink = sink;
    this.#stream = new ChunkStream(sink, headChunks, groupsMax * blocksPerGroup);
  }

  /** A new inode; the first one must be the root directory. */
  inode(kind: Kind, target = ''): Inode {
    const number = this.#inodes[rootInode] === undefined ? rootInode : this.#nextInode++;
    const inode = new Inode(number, kind, target);
    this.#inodes[number] = inode;
    return inode;
  }

  /** Starts the contents of a file; one at a time. */
  content(): ContentWriter {
    return new ContentWriter(this.#stream, this.#blocks);
  }

  /** Stores the target of a symbolic link where the inode has no room for it. */
  async writeTarget(inode: Inode): Promise<void> {
    if (inode.target.length <= fastLinkBytesMax) return;
    const content = this.content();
    await content.write(Buffer.from(inode.target, 'latin1'));
    inode.extents = await content.finish();
  }

  /** Replaces the extended attributes. */
  async writeAttributes(inode: Inode, attributes: readonly Attribute[], path: string): Promise<void> {
    this.#freeAttributes(inode.attributes);
    inode.attributes = noAttributes;
    const { inside, block } = encodeAttributes(attributes, path);
    if (inside === '' && block === undefined) return;
    inode.attributes = { inside, block: block === undefined ? 0 : this.#stream.block };
    if (block === undefined) return;
    this.#blocks.take(inode.attributes.block, 1);
    await this.#stream.write(block);
  }

  /** Replaces the contents of a directory. */
  async writeDirectory(inode: Inode, parent: Inode, children: ReadonlyMap<string, Inode>): Promise<void> {
    this.#freeExtents(inode.extents);
    const content = this.content();
    const blocks = encodeDirectory(inode, parent, children);
    for (const block of blocks) await content.write(block);
    inode.extents = await content.finish();
    inode.sizeBytes = blocks.length * blockBytes;
  }

  /** Frees an inode that has no name any more. */
  remove(inode: Inode): void {
    assert(this.#inodes[inode.number] === inode, 'an inode is removed twice');
    this.#inodes[inode.number] = undefined;
    inode.links = 0;
    this.#freeExtents(inode.extents);
    this.#freeAttributes(inode.attributes);
  }

  /** Between the contents and the directories of a layer, and after them. */
  async nextPart(): Promise<void> {
    await this.#stream.align(chunkBytes);
  }

  /** Writes what is not written yet. */
  async finish(): Promise<ImageShape> {
    await this.nextPart();
    const tableStart = this.#stream.block;
    const { groups, inodesPerGroup, blocks } = groupsFor(tableStart, this.#nextInode - 1);
    if (groups > groupsMax) throw tooLarge('an image would be larger than its groups');
    const inodes = groups * inodesPerGroup;
    const tableBlocks = (inodes * inodeBytes) / blockBytes;
    this.#blocks.take(tableStart, tableBlocks);
    await this.#writeTable(inodes);
    await this.nextPart();
    await this.#stream.flush();
    const head = encodeHead({
      groups,
      inodesPerGroup,
      blocks,
      tableStart,
      used: this.#blocks,
      inodes: this.#inodes,
    });
    for (let index = 0; index < headChunks; index += 1) {
      await this.#sink.put(index, head.subarray(index * chunkBytes, (index + 1) * chunkBytes));
    }
    return { sizeBytes: blocks * blockBytes, inodes, blocksUsed: this.#blocks.used };
  }

  /** Resolves when the sink has nothing of ours any more, also after a failure. */
  async settle(): Promise<void> {
    await this.#stream.settle();
  }

  async #writeTable(inodes: number): Promise<void> {
    const page = Buffer.alloc(blockBytes);
    for (let first = 1; first <= inodes; first += blockBytes / inodeBytes) {
      page.fill(0);
      for (let number = first; number < first + blockBytes / inodeBytes; number += 1) {
        const inode = this.#inodes[number];
        const at = (number - first) * inodeBytes;
        if (inode !== undefined) encodeInode(inode, page.subarray(at, at + inodeBytes));
      }
      await this.#stream.write(page);
    }
  }

  #freeExtents(extents: Extents | undefined): void {
    if (extents === undefined) return;
    for (const { physical, blocks } of runsOf(extents)) this.#blocks.free(physical, blocks);
    const nodes = nodesOf(extents);
    this.#blocks.free(nodes.start, nodes.blocks);
  }

  #freeAttributes({ block }: InodeAttributes): void {
    if (block !== 0) this.#blocks.free(block, 1);
  }
}

/** Writes the contents of one file: data in ascending order, with holes where nothing is written. */
class ContentWriter {
  readonly #stream: ChunkStream;
  readonly #blocks: BlockMap;
  readonly #runs: Run[] = [];
  /** Where the current run starts, in blocks of the file and of the image. */
  #logical = 0;
  #physical: number;
  /** Where in the file the next byte goes. */
  #at = 0;

  constructor(stream: ChunkStream, blocks: BlockMap) {
    this.#stream = stream;
    this.#blocks = blocks;
    this.#physical = stream.block;
  }

  /** Goes on at `offset`, which must not be before what was written. Blocks in between become a hole. */
  async seek(offset: number): Promise<void> {
    assert(offset >= this.#at, 'contents are written backwards');
    const inBlock = this.#at % blockBytes;
    const sameBlock = inBlock !== 0 && Math.floor(offset / blockBytes) === Math.floor(this.#at / blockBytes);
    if (!sameBlock) {
      await this.#stream.align(blockBytes);
      const end = Math.ceil(this.#at / blockBytes);
      const logical = Math.floor(offset / blockBytes);
      if (logical !== end) {
        this.#endRun(end);
        this.#logical = logical;
        this.#physical = this.#stream.block;
      }
    }
    await this.#stream.zeros(sameBlock ? offset - this.#at : offset % blockBytes);
    this.#at = offset;
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#stream.write(bytes);
    this.#at += bytes.length;
  }

  /** undefined: no block was written. */
  async finish(): Promise<Extents | undefined> {
    await this.#stream.align(blockBytes);
    this.#endRun(Math.ceil(this.#at / blockBytes));
    const { extents, nodes } = describeRuns(this.#runs, this.#stream.block);
    for (const node of nodes) {
      this.#blocks.take(this.#stream.block, 1);
      await this.#stream.write(node);
    }
    return extents;
  }

  #endRun(end: number): void {
    const blocks = end - this.#logical;
    if (blocks === 0) return;
    this.#blocks.take(this.#physical, blocks);
    this.#runs.push({ logical: this.#logical, physical: this.#physical, blocks });
  }
}
