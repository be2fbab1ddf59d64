/**
 * A manifest lists the chunks of an image: where they stand, how they are named, which key opens them. Chunks of zeros are left out.
 *
 *     "LKM1"  image bytes[8]  chunk bytes[4]  chunks[4]; per chunk: index[4] name[32] key[32], in order of index
 */
import { chunkBytes } from '../limits.ts';
import { ChunkError } from './errors.ts';

export interface ManifestChunk {
  readonly index: number;
  /** 32 bytes as hex. */
  readonly name: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface Manifest {
  /** A multiple of a chunk's. */
  readonly sizeBytes: number;
  /** In order of index. */
  readonly chunks: readonly ManifestChunk[];
}

const magic = Buffer.from('LKM1');
const headBytes = 20;
const chunkEntryBytes = 68;

export function encodeManifest({ sizeBytes, chunks }: Manifest): Buffer {
  const bytes = Buffer.alloc(headBytes + chunks.length * chunkEntryBytes);
  magic.copy(bytes);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 4);
  bytes.writeUInt32LE(chunkBytes, 12);
  bytes.writeUInt32LE(chunks.length, 16);
  for (const [at, { index, name, key }] of chunks.entries()) {
    const start = headBytes + at * chunkEntryBytes;
    bytes.writeUInt32LE(index, start);
    bytes.write(name, start + 4, 'hex');
    key.copy(bytes, start + 36);
  }
  return bytes;
}

/** Throws a ChunkError `sealed`: what was sealed is always a manifest, unless an older or newer version sealed it. */
export function decodeManifest(bytes: Buffer): Manifest {
  if (bytes.length < headBytes || !bytes.subarray(0, 4).equals(magic)) throw wrong();
  const sizeBytes = Number(bytes.readBigUInt64LE(4));
  const count = bytes.readUInt32LE(16);
  if (bytes.readUInt32LE(12) !== chunkBytes || sizeBytes % chunkBytes !== 0) throw wrong();
  if (bytes.length !== headBytes + count * chunkEntryBytes) throw wrong();
  const chunks: ManifestChunk[] = [];
  let last = -1;
  for (let start = headBytes; start < bytes.length; start += chunkEntryBytes) {
    const index = bytes.readUInt32LE(start);
    if (index <= last || index >= sizeBytes / chunkBytes) throw wrong();
    last = index;
    chunks.push({
      index,
      name: bytes.toString('hex', start + 4, start + 36),
      key: bytes.subarray(start + 36, start + 68),
    });
  }
  return { sizeBytes, chunks };
}

function wrong(): ChunkError {
  return new ChunkError('sealed', 'a manifest has a form that is not known');
}
