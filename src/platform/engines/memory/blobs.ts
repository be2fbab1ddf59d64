/** Blobs in memory. */
import { requestLimits } from '../../limits.ts';
import type { BlobInfo, Blobs } from '../../blobs.ts';
import { checkBlobKey, checkBlobPrefix, checkRange, clip, discard } from '../blob-checks.ts';
import type { Range } from '../blob-checks.ts';
import { checkLimit } from '../checks.ts';

/** What one step of a stream carries. */
const streamChunkBytes = 256 * 1024;

export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, Uint8Array>();

  async putIfAbsent(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<'stored' | 'present'> {
    checkBlobKey(key);
    if (this.#blobs.has(key)) {
      await discard(body);
      return 'present';
    }
    const pieces: Uint8Array[] = [];
    if (body instanceof Uint8Array) pieces.push(body);
    else for await (const piece of body) pieces.push(new Uint8Array(piece));
    const bytes = concatenate(pieces);
    // Somebody else may have stored it while the stream was read.
    if (this.#blobs.has(key)) return 'present';
    this.#blobs.set(key, bytes);
    return 'stored';
  }

  async get(key: string, range?: Range): Promise<Uint8Array | undefined> {
    checkBlobKey(key);
    checkRange(range);
    const bytes = this.#blobs.get(key);
    if (bytes === undefined) return undefined;
    const { start, end } = clip(range, bytes.byteLength);
    return bytes.slice(start, end);
  }

  async stream(key: string, range?: Range): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = await this.get(key, range);
    return bytes === undefined ? undefined : chunksOf(bytes);
  }

  async info(key: string): Promise<BlobInfo | undefined> {
    checkBlobKey(key);
    const bytes = this.#blobs.get(key);
    return bytes === undefined ? undefined : { key, sizeBytes: bytes.byteLength };
  }

  async delete(key: string): Promise<void> {
    checkBlobKey(key);
    this.#blobs.delete(key);
  }

  async list(
    prefix: string,
    { after, limit = requestLimits.pageMax }: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix);
    checkLimit(limit);
    if (after !== undefined) checkBlobPrefix(after);
    return [...this.#blobs]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .slice(0, limit)
      .map(([key, bytes]) => ({ key, sizeBytes: bytes.byteLength }));
  }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < bytes.byteLength; start += streamChunkBytes) {
    yield bytes.subarray(start, start + streamChunkBytes);
  }
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}
