/**
 * A layer's tar stream out of its compressed one: gzip, zstd or neither, told by its first bytes (media types are often wrong). The digests of
 * both are checked at the end of the stream, so whoever reads must read all of it before believing any of it.
 */
import { createHash, type Hash } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { inflatedPieceBytes, tarLimits, zstdWindowLogMax } from '../limits.ts';
import { ImageRefusal, malformed } from '../refusal.ts';
import { ByteReader } from '../tar/byte-reader.ts';
import { zstdFrames } from './zstd-frames.ts';

export interface Layer {
  /** Opens the compressed stream. */
  readonly open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
  /** `sha256:<hex>` of the compressed stream; absent: whoever opens it has checked it. */
  readonly digest?: string;
  /** `sha256:<hex>` of the tar stream, as the image's configuration lists it. */
  readonly diffId?: string;
}

/** Throws an ImageRefusal, or what the stream that was opened throws. */
export async function* unpacked(layer: Layer): AsyncGenerator<Uint8Array, void> {
  const compressed = checked(await layer.open(), layer.digest, 'the digest of a layer');
  yield* checked(inflated(compressed), layer.diffId, "the digest of a layer's archive");
}

async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  digest: string | undefined,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  if (digest === undefined) {
    yield* pieces;
    return;
  }
  const hash = hashOf(digest);
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw malformed(`${what} is not ${digest}`);
}

function hashOf(digest: string): Hash {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw malformed('a digest is not of the form sha256:<64 hex digits>');
  return createHash('sha256');
}

/** An error of the stream below, which is not the decompressor's. */
class SourceError extends Error {}

async function* inflated(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = new ByteReader(sourced(compressed), tarLimits.streamBytesMax);
  try {
    const first = await reader.some(4);
    if (first === undefined) return;
    // The first piece may be shorter than the magic number.
    const rest =
      first.length < 4 ? ((await upTo(reader, 4 - first.length)) ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const magic = Buffer.concat([first, rest]);
    const whole = (): AsyncGenerator<Uint8Array, void> => piecesOf(magic, reader);
    if (magic[0] === 0x1f && magic[1] === 0x8b) {
      yield* through(createGunzip({ chunkSize: inflatedPieceBytes }), whole());
    } else if (isZstd(magic)) {
      const frames = zstdFrames(new ByteReader(whole(), tarLimits.streamBytesMax));
      for await (const frame of frames) yield* through(zstd(), frame);
    } else {
      yield* whole();
    }
  } catch (error) {
    throw told(error);
  } finally {
    await reader.close();
  }
}

function isZstd(magic: Buffer): boolean {
  if (magic.length < 4) return false;
  const word = magic.readUInt32LE();
  return word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50;
}

function zstd(): Transform {
  return createZstdDecompress({
    chunkSize: inflatedPieceBytes,
    params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax },
  });
}

/** What comes out of `decompressor`; an error on either side ends both. */
async function* through(
  decompressor: Transform,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const source = Readable.from(pieces, { objectMode: false, highWaterMark: inflatedPieceBytes });
  const fed = pipeline(source, decompressor);
  // The error is the reader's as well; without a handler of its own it would end the process.
  fed.catch(() => {});
  try {
    yield* decompressor as AsyncIterable<Uint8Array>;
    await fed;
  } finally {
    decompressor.destroy();
    source.destroy();
  }
}

async function* piecesOf(first: Buffer, reader: ByteReader): AsyncGenerator<Uint8Array, void> {
  yield first;
  for (let some; (some = await reader.some(inflatedPieceBytes)) !== undefined;) yield some;
}

async function upTo(reader: ByteReader, bytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  for (let left = bytes; left > 0;) {
    const some = await reader.some(left);
    if (some === undefined) break;
    pieces.push(some);
    left -= some.length;
  }
  return Buffer.concat(pieces);
}

async function* sourced(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* pieces;
  } catch (cause) {
    throw cause instanceof ImageRefusal ? cause : new SourceError('a layer could not be read', { cause });
  }
}

/** Errors of zlib and zstd are the layer's fault; those of the source come as they are. */
function told(error: unknown): unknown {
  if (error instanceof SourceError) return error.cause;
  if (error instanceof ImageRefusal) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(Z_|ZSTD_|ERR_BUFFER)/.test(code) || /zlib|zstd|unexpected end/i.test(String(error))) {
    return malformed(
      `a layer cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return error;
}
