/**
 * Blobs as files. A blob is written to a temporary file, synced, and then linked to its own name, which fails if there is one already; so a
 * reader sees all of it or nothing, and of two writers one wins.
 *
 *     tmp/<uuid>   being written; swept when the engine opens
 *     blobs/...    whole and durable (see key-paths.ts)
 */
import { createReadStream } from 'node:fs';
import { link, open, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requestLimits } from '../../limits.ts';
import type { BlobInfo, Blobs } from '../../blobs.ts';
import type { Entropy } from '../../random.ts';
import { checkBlobKey, checkBlobPrefix, checkRange, clip, discard } from '../blob-checks.ts';
import type { Range } from '../blob-checks.ts';
import { checkLimit } from '../checks.ts';
import { syncDirectory } from '../../sync-directory.ts';
import { DurableDirectories } from './durable-directories.ts';
import { errorCode, unavailable } from './file-error.ts';
import { pathOf } from './key-paths.ts';
import { blobsBelow, ignoreMissing } from './listing.ts';

/** What one step of a stream carries. */
const streamChunkBytes = 256 * 1024;

export class FileBlobs implements Blobs {
  readonly #blobs: string;
  readonly #temporary: string;
  readonly #directories: DurableDirectories;
  readonly #entropy: Entropy;

  /** Both directories must exist, in one file system. */
  constructor(blobs: string, temporary: string, entropy: Entropy) {
    this.#blobs = blobs;
    this.#temporary = temporary;
    this.#directories = new DurableDirectories(blobs);
    this.#entropy = entropy;
  }

  async putIfAbsent(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<'stored' | 'present'> {
    checkBlobKey(key);
    const path = this.#path(key);
    return guarded(async () => {
      await this.#directories.ensure(dirname(path));
      if ((await stat(path).catch(ignoreMissing)) !== undefined) {
        await discard(body);
        // Whoever stored it may not have come as far as this.
        await syncDirectory(dirname(path));
        return 'present';
      }
      const temporary = join(this.#temporary, this.#entropy.uuid());
      try {
        await writeDurably(temporary, body);
        const outcome = await linkUnlessPresent(temporary, path);
        await syncDirectory(dirname(path));
        return outcome;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async get(key: string, range?: Range): Promise<Uint8Array | undefined> {
    checkBlobKey(key);
    checkRange(range);
    return guarded(async () => {
      const file = await open(this.#path(key), 'r').catch(ignoreMissing);
      if (file === undefined) return undefined;
      try {
        const { start, end } = clip(range, (await file.stat()).size);
        const bytes = new Uint8Array(end - start);
        let filled = 0;
        while (filled < bytes.byteLength) {
          const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    });
  }

  async stream(key: string, range?: Range): Promise<AsyncIterable<Uint8Array> | undefined> {
    const info = await this.info(key);
    checkRange(range);
    return info && chunksOf(this.#path(key), clip(range, info.sizeBytes));
  }

  async info(key: string): Promise<BlobInfo | undefined> {
    checkBlobKey(key);
    return guarded(async () => {
      const found = await stat(this.#path(key)).catch(ignoreMissing);
      return found && { key, sizeBytes: found.size };
    });
  }

  async delete(key: string): Promise<void> {
    checkBlobKey(key);
    const path = this.#path(key);
    await guarded(async () => {
      await unlink(path).catch(ignoreMissing);
      // Also when it was gone: whoever deleted it may not have come as far as this.
      await syncDirectory(dirname(path)).catch(ignoreMissing);
    });
  }

  async list(
    prefix: string,
    { after = '', limit = requestLimits.pageMax }: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix);
    checkBlobPrefix(after);
    checkLimit(limit);
    return guarded(async () => {
      const found: BlobInfo[] = [];
      for await (const blob of blobsBelow(this.#blobs, { prefix, after })) {
        found.push(blob);
        if (found.length === limit) break;
      }
      return found;
    });
  }

  #path(key: string): string {
    return join(this.#blobs, pathOf(key));
  }
}

async function writeDurably(path: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  // Exclusive: a name that is taken already is a bug, and must not be written through.
  const file = await open(path, 'wx', 0o600);
  try {
    if (body instanceof Uint8Array) await file.writeFile(body);
    else for await (const piece of sourced(body)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** An error of the stream that the caller gave, which the caller gets back as it is, whatever it looks like. */
class SourceError extends Error {}

async function* sourced(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (cause) {
    throw new SourceError('the stream of a blob failed', { cause });
  }
}

async function linkUnlessPresent(from: string, to: string): Promise<'stored' | 'present'> {
  try {
    await link(from, to);
    return 'stored';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'present';
    throw error;
  }
}

/** Opens the file with the first step, and closes it when the reader stops early. */
async function* chunksOf(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array, void> {
  if (start === end) return;
  const stream = createReadStream(path, { start, end: end - 1, highWaterMark: streamChunkBytes });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw unavailable(error);
  } finally {
    stream.destroy();
  }
}

/** Does it, and gives errors of the operating system the platform's type. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SourceError ? error.cause : unavailable(error);
  }
}
