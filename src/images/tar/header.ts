/**
 * The 512-byte header of a tar entry: v7, POSIX ustar and GNU forms.
 *
 *     0 name[100]  100 mode[8]  108 uid[8]  116 gid[8]  124 size[12]  136 mtime[12]  148 checksum[8]  156 type  157 linkname[100]
 *     257 magic[6] version[2]  265 uname[32]  297 gname[32]  329 devmajor[8]  337 devminor[8]  345 prefix[155] (ustar)
 *     386 4 sparse pieces of 24, 482 more follow, 483 real size[12] (GNU, type S)
 *
 * Text is kept as latin1, one character per byte, because names in an image are bytes. Source: POSIX pax, "ustar Interchange Format"; GNU tar manual,
 * "Basic Tar Format".
 */
import { malformed } from '../refusal.ts';

export const recordBytes = 512;

export interface Header {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** One character. */
  readonly type: string;
  readonly linkName: string;
}

/** undefined: a block of zeros, which ends an archive. The caller's buffer may be reused afterwards. */
export function parseHeader(block: Buffer): Header | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const magic = block.toString('latin1', 257, 263);
  const prefix = magic === 'ustar\0' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: count(block, 100, 8) & 0o7777,
    uid: count(block, 108, 8),
    gid: count(block, 116, 8),
    sizeBytes: count(block, 124, 12),
    mtime: number(block, 136, 12),
    type: block.toString('latin1', 156, 157),
    linkName: text(block, 157, 100),
  };
}

/** Up to the first NUL. */
export function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 ? start + length : Math.min(end, start + length));
}

/** A number that cannot be negative. */
export function count(block: Buffer, start: number, length: number): number {
  const value = number(block, start, length);
  if (value < 0) throw malformed('a tar header has a negative number');
  return value;
}

/** Octal digits, or with the highest bit set a two's complement number of base 256 (GNU). */
function number(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) !== 0) return binary(block, start, length, first);
  const digits = text(block, start, length).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw malformed('a tar header has a number that is none');
  return Number.parseInt(digits, 8);
}

function binary(block: Buffer, start: number, length: number, first: number): number {
  // Bit 6 is the sign; bit 7 only says that the number is binary.
  let value = (first & 0x40) === 0 ? first & 0x3f : (first & 0x3f) - 0x40;
  for (let index = start + 1; index < start + length; index += 1) value = value * 256 + (block[index] ?? 0);
  if (!Number.isSafeInteger(value)) throw malformed('a tar header has a number beyond 2^53');
  return value;
}

/** Some old programs summed signed bytes. */
function checkSum(block: Buffer): void {
  const stated = number(block, 148, 8);
  let unsigned = 0;
  let high = 0;
  for (let index = 0; index < recordBytes; index += 1) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    high += byte >> 7;
  }
  if (stated !== unsigned && stated !== unsigned - 256 * high) {
    throw malformed('a tar header has a wrong checksum');
  }
}
