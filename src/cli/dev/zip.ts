/**
 * The archive of a folder: the same content always gives the same bytes. What was packed before is not packed again.
 *
 *   (local header | name | packed)*  (directory header | name)*  end
 */
import { crc32, deflateRawSync } from 'node:zlib';
import type { Entry, Tree } from './tree.ts';

interface Packed {
  readonly method: number;
  readonly crc: number;
  readonly bytes: Buffer;
}

/** 1980-01-01, the first day that an archive knows. */
const dosDate = 0x0021;
const unixVersion = (3 << 8) | 20;
const version = 20;
/** The name is UTF-8. */
const flags = 0x0800;
/** Fast: it is unpacked on the same machine. */
const level = 1;

export class Zipper {
  /** By digest of the content; only what the last archive had. */
  #packed = new Map<string, Packed>();

  zip(tree: Tree): Buffer {
    const kept = new Map<string, Packed>();
    const locals: Buffer[] = [];
    const directory: Buffer[] = [];
    let offset = 0;
    for (const entry of tree.entries) {
      const packed = this.#packed.get(entry.digest) ?? pack(entry.content());
      kept.set(entry.digest, packed);
      const name = Buffer.from(entry.path);
      const common = commonPart(entry, packed, name);
      locals.push(u32(0x04034b50), u16(version), common, name, packed.bytes);
      directory.push(
        u32(0x02014b50),
        u16(unixVersion),
        u16(version),
        common,
        u16(0), // comment
        u16(0), // disk
        u16(0), // internal attributes
        u32((entry.mode << 16) >>> 0),
        u32(offset),
        name,
      );
      offset += 30 + name.length + packed.bytes.length;
    }
    this.#packed = kept;
    const headers = Buffer.concat(directory);
    const count = tree.entries.length;
    const end = [
      u32(0x06054b50),
      u16(0),
      u16(0),
      u16(count),
      u16(count),
      u32(headers.length),
      u32(offset),
      u16(0),
    ];
    return Buffer.concat([...locals, headers, ...end]);
  }
}

function pack(content: Buffer): Packed {
  const deflated = deflateRawSync(content, { level });
  const shorter = deflated.length < content.length;
  return { method: shorter ? 8 : 0, crc: crc32(content), bytes: shorter ? deflated : content };
}

/** From the flags to the length of the extra field. */
function commonPart(entry: Entry, { method, crc, bytes }: Packed, name: Buffer): Buffer {
  return Buffer.concat([
    u16(flags),
    u16(method),
    u16(0),
    u16(dosDate),
    u32(crc),
    u32(bytes.length),
    u32(entry.sizeBytes),
    u16(name.length),
    u16(0),
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
