/**
 * Splits a zstd stream into its frames, which Node's decompressor takes only one at a time, and leaves out the skippable ones. Nothing is decoded:
 * a frame's blocks say their lengths.
 *
 *     frame   magic[4] descriptor[1] window[0-1] dictionary[0-4] content size[0-8] block... checksum[0-4]
 *     block   header[3]: last(1 bit) type(2) size(21); an RLE block has one byte whatever its size
 *
 * Source: RFC 8878, section 3.1.
 */
import { zstdFramesMax, zstdWindowLogMax } from '../limits.ts';
import { malformed, tooLarge } from '../refusal.ts';
import type { ByteReader } from '../tar/byte-reader.ts';

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Each item is the pieces of one frame, to be read to the end before the next. */
export async function* zstdFrames(reader: ByteReader): AsyncGenerator<AsyncGenerator<Buffer, void>, void> {
  for (let frames = 0; ; frames += 1) {
    const start = await reader.read(4);
    if (start === undefined) return;
    if (frames === zstdFramesMax) throw tooLarge('a zstd layer has too many frames');
    const magic = start.readUInt32LE();
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      await reader.skip((await reader.demand(4)).readUInt32LE());
    } else if (magic === frameMagic) {
      yield frame(reader);
    } else {
      throw malformed('a zstd layer has a frame that is none');
    }
  }
}

async function* frame(reader: ByteReader): AsyncGenerator<Buffer, void> {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(frameMagic);
  const descriptor = Buffer.from(await reader.demand(1));
  const flags = descriptor[0] ?? 0;
  const singleSegment = (flags & 0x20) !== 0;
  if ((flags & 0x03) !== 0) throw malformed('a zstd layer needs a dictionary');
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const head = Buffer.from(await reader.demand((singleSegment ? 0 : 1) + sizeBytes));
  if (!singleSegment && 10 + ((head[0] ?? 0) >> 3) > zstdWindowLogMax) {
    throw tooLarge(`a zstd layer needs a window of more than 2^${zstdWindowLogMax} bytes`);
  }
  yield Buffer.concat([magic, descriptor, head]);
  for (let last = false; !last;) {
    const header = Buffer.from(await reader.demand(3));
    const word = header.readUIntLE(0, 3);
    last = (word & 1) !== 0;
    const rle = ((word >> 1) & 3) === 1;
    yield header;
    yield* exactly(reader, rle ? 1 : word >> 3);
  }
  if ((flags & 0x04) !== 0) yield* exactly(reader, 4);
}

async function* exactly(reader: ByteReader, bytes: number): AsyncGenerator<Buffer, void> {
  for (let left = bytes; left > 0;) {
    const some = await reader.some(left);
    if (some === undefined) throw malformed('a zstd layer is cut short');
    left -= some.length;
    yield some;
  }
}
