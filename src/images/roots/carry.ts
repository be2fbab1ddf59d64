/** Copies what an image needs from one root to another, each chunk verified on its way. Chunks keep their names and keys. */
import type { Blobs } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import type { ManifestChunk } from '../chunks/manifest.ts';
import { nameOf } from '../chunks/seal.ts';
import { carriesMax } from '../limits.ts';
import { chunkBlob } from './records.ts';

/** Rejects with a ChunkError `missing` or `corrupt`; what was copied by then is harmless. */
export async function carryChunks(
  blobs: Blobs,
  chunks: readonly ManifestChunk[],
  from: number,
  to: number,
): Promise<void> {
  const names = new Set(chunks.map(({ name }) => name)).values();
  const copyAll = async (): Promise<void> => {
    for (const name of names) await carryChunk(blobs, name, from, to);
  };
  await Promise.all(Array.from({ length: carriesMax }, copyAll));
}

async function carryChunk(blobs: Blobs, name: string, from: number, to: number): Promise<void> {
  const target = chunkBlob(to, name);
  if ((await blobs.info(target)) !== undefined) return;
  const bytes = await blobs.get(chunkBlob(from, name));
  if (bytes === undefined) throw new ChunkError('missing', `chunk ${name} is missing under root ${from}`);
  if (nameOf(bytes) !== name) throw new ChunkError('corrupt', `chunk ${name} is damaged under root ${from}`);
  await blobs.putIfAbsent(target, bytes);
}
