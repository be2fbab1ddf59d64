/**
 * A chunk as five shards, any four of which make it again: four quarters of the ciphertext, and their sum without carry.
 *
 *     chunk = d0 d1 d2 d3      parity = d0 ^ d1 ^ d2 ^ d3      so the five together come to zero
 */
import { chunkBytes } from '../limits.ts';

export const dataShards = 4;
export const shardCount = dataShards + 1;
export const shardBytes = chunkBytes / dataShards;

/** By place; undefined: not there. */
export type Shards = readonly (Uint8Array | undefined)[];

/** `chunk` has `chunkBytes`. The first four are parts of it, not copies. */
export function encode(chunk: Uint8Array): readonly Uint8Array[] {
  const data = Array.from({ length: dataShards }, (_, place) =>
    chunk.subarray(place * shardBytes, (place + 1) * shardBytes),
  );
  return [...data, sum(data)];
}

/** undefined: fewer than four are there. With five the parity is not looked at. */
export function decode(shards: Shards): Uint8Array | undefined {
  const there = shards.filter((shard) => shard !== undefined);
  if (there.length < dataShards) return undefined;
  const missing = shards.slice(0, dataShards).findIndex((shard) => shard === undefined);
  const data = shards.slice(0, dataShards).map((shard) => shard ?? new Uint8Array(shardBytes));
  const chunk = Buffer.concat(data);
  if (missing >= 0) chunk.set(sum(there), missing * shardBytes);
  return chunk;
}

function sum(shards: readonly Uint8Array[]): Uint8Array {
  const words = new Uint32Array(shardBytes / 4);
  for (const shard of shards) {
    const aligned = shard.byteOffset % 4 === 0 ? shard : Uint8Array.from(shard);
    const view = new Uint32Array(aligned.buffer, aligned.byteOffset, words.length);
    for (let at = 0; at < words.length; at += 1) words[at] = (words[at] ?? 0) ^ (view[at] ?? 0);
  }
  return new Uint8Array(words.buffer);
}
