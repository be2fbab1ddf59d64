/**
 * Extended attributes: in the 96 bytes that the inode has left, and what does not fit there in one block.
 *
 *     inode   magic ea020000; entries; 4 bytes of zero; ... values from the end backwards; offsets count from the first entry
 *     block   magic, references, blocks, hash, 16 bytes of zero; the same; offsets count from the block's start
 *     entry   name length[1] name space[1] value offset[2] value inode[4] value size[4] hash[4] name, padded to 4
 */
import { blockBytes } from '../limits.ts';
import { forbidden, shown, tooLarge } from '../refusal.ts';
import type { Attribute } from '../tar/entry.ts';
import { aclOnDisk } from './acl.ts';

const magic = 0xea020000;
const insideBytes = 96;
const insideHeaderBytes = 4;
const blockHeaderBytes = 32;
const entryBytes = 16;

interface Item {
  readonly space: number;
  /** Without its name space. */
  readonly name: string;
  readonly value: Buffer;
}

export interface EncodedAttributes {
  /** latin1; empty: none. */
  readonly inside: string;
  readonly block: Buffer | undefined;
}

export function encodeAttributes(attributes: readonly Attribute[], path: string): EncodedAttributes {
  if (attributes.length === 0) return { inside: '', block: undefined };
  const items = attributes.map((attribute) => itemOf(attribute, path)).sort(compare);
  const inside: Item[] = [];
  const outside: Item[] = [];
  let roomBytes = insideBytes - insideHeaderBytes - 4;
  for (const item of items) {
    const bytes = itemBytes(item);
    if (bytes <= roomBytes) {
      inside.push(item);
      roomBytes -= bytes;
    } else {
      outside.push(item);
    }
  }
  return { inside: encodeInside(inside), block: encodeBlock(outside, path) };
}

function itemOf({ name, value }: Attribute, path: string): Item {
  const bytes = Buffer.from(value, 'latin1');
  if (name === 'system.posix_acl_access') return { space: 2, name: '', value: aclOnDisk(bytes) };
  if (name === 'system.posix_acl_default') return { space: 3, name: '', value: aclOnDisk(bytes) };
  const [, prefix = '', rest = ''] = /^(user|trusted|security)\.([\x21-\x7e]{1,255})$/.exec(name) ?? [];
  const space = { user: 1, trusted: 4, security: 6 }[prefix];
  if (space === undefined)
    throw forbidden(`${shown(path)} has an extended attribute of no known kind: ${shown(name)}`);
  return { space, name: rest, value: bytes };
}

/** The order that the kernel searches by: name space, length, bytes. */
function compare(left: Item, right: Item): number {
  if (left.space !== right.space) return left.space - right.space;
  if (left.name.length !== right.name.length) return left.name.length - right.name.length;
  return left.name < right.name ? -1 : 1;
}

const padded = (bytes: number): number => (bytes + 3) & ~3;
const itemBytes = ({ name, value }: Item): number => entryBytes + padded(name.length) + padded(value.length);

function encodeInside(items: readonly Item[]): string {
  if (items.length === 0) return '';
  const bytes = Buffer.alloc(insideBytes);
  bytes.writeUInt32LE(magic, 0);
  place(items, bytes.subarray(insideHeaderBytes), 0);
  return bytes.toString('latin1');
}

function encodeBlock(items: readonly Item[], path: string): Buffer | undefined {
  if (items.length === 0) return undefined;
  const bytes = items.reduce((sum, item) => sum + itemBytes(item), blockHeaderBytes + 4);
  if (bytes > blockBytes) throw tooLarge(`the extended attributes of ${shown(path)} do not fit in a block`);
  const block = Buffer.alloc(blockBytes);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 4);
  block.writeUInt32LE(1, 8);
  const hashes = place(items, block, blockHeaderBytes);
  block.writeUInt32LE(
    hashes.reduce((hash, next) => ((hash << 16) ^ (hash >>> 16) ^ next) >>> 0, 0),
    12,
  );
  return block;
}

/** Entries from `start` on, values from the end; returns the entries' hashes. */
function place(items: readonly Item[], into: Buffer, start: number): readonly number[] {
  let at = start;
  let valueAt = into.length;
  return items.map((item) => {
    const hash = hashOf(item);
    valueAt -= padded(item.value.length);
    into[at] = item.name.length;
    into[at + 1] = item.space;
    into.writeUInt16LE(valueAt, at + 2);
    into.writeUInt32LE(item.value.length, at + 8);
    into.writeUInt32LE(hash, at + 12);
    into.write(item.name, at + entryBytes, 'latin1');
    item.value.copy(into, valueAt);
    at += entryBytes + padded(item.name.length);
    return hash;
  });
}

function hashOf({ name, value }: Item): number {
  let hash = 0;
  for (let index = 0; index < name.length; index += 1) {
    hash = ((hash << 5) ^ (hash >>> 27) ^ name.charCodeAt(index)) >>> 0;
  }
  const words = Buffer.alloc(padded(value.length));
  value.copy(words);
  for (let at = 0; at < words.length; at += 4) {
    hash = ((hash << 16) ^ (hash >>> 16) ^ words.readUInt32LE(at)) >>> 0;
  }
  return hash;
}
