/** The record of an image's start: indexes of chunks in the order of their first reads, four bytes each. */
import { readLimits } from '../limits.ts';

export function encodeTrace(indexes: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * Math.min(indexes.length, readLimits.traceChunksMax));
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(indexes[at / 4] ?? 0, at);
  return bytes;
}

/** It is only a hint, so what is too much of it is left out. */
export function decodeTrace(bytes: Buffer): readonly number[] {
  const count = Math.min(Math.floor(bytes.length / 4), readLimits.traceChunksMax);
  return Array.from({ length: count }, (_, at) => bytes.readUInt32LE(4 * at));
}
