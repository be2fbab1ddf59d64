/**
 * Unpacks what entries hold, counting every byte that really comes out: what the headers say is never trusted, only
 * compared. Small entries are inflated in one go, large ones flow, and the event loop gets its turn in between.
 */
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { ArchiveEntry } from './archive.ts';
import { turnBytesMax, turnEntriesMax, unpackedBytesLimit, wholeEntryBytesMax } from './limits.ts';
import { invalid, Refusal, tooLarge } from './refusal.ts';

/** Holds the limits of one archive while its entries are unpacked one after the other. */
export class Contents {
  #unpackedBytes = 0;
  #turnBytes = 0;
  #turnEntries = 0;

  get unpackedBytes(): number {
    return this.#unpackedBytes;
  }

  /** Whether `whole` will do: otherwise `chunks`. */
  static isSmall(entry: ArchiveEntry): boolean {
    return entry.claimedBytes <= wholeEntryBytesMax && entry.packed.byteLength <= wholeEntryBytesMax;
  }

  /** All of a small entry, checked. Throws a Refusal. */
  whole(entry: ArchiveEntry): Uint8Array {
    let bytes: Uint8Array;
    try {
      bytes =
        entry.method === 'stored'
          ? entry.packed
          : // One byte more than claimed is enough to see a lie; zlib takes no 0.
            inflateRawSync(entry.packed, { maxOutputLength: entry.claimedBytes + 1 });
    } catch (error) {
      throw invalid(`${entry.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#count(entry, bytes.byteLength);
    finish(entry, bytes.byteLength, crc32(bytes));
    return bytes;
  }

  /** The pieces of an entry of any size; the last checks fail after the last piece. Throws a Refusal. */
  async *chunks(entry: ArchiveEntry): AsyncGenerator<Uint8Array, void, void> {
    let entryBytes = 0;
    let sum = 0;
    try {
      for await (const chunk of inflated(entry)) {
        entryBytes += chunk.byteLength;
        if (entryBytes > entry.claimedBytes) throw invalid(`${entry.path}: longer than it claims`);
        this.#count(entry, chunk.byteLength);
        sum = crc32(chunk, sum);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw invalid(`${entry.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    finish(entry, entryBytes, sum);
  }

  /** To be awaited after each entry: lets others run once enough was done in one go. */
  async turn(): Promise<void> {
    this.#turnEntries += 1;
    if (this.#turnBytes < turnBytesMax && this.#turnEntries < turnEntriesMax) return;
    this.#turnBytes = 0;
    this.#turnEntries = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #count(entry: ArchiveEntry, bytes: number): void {
    this.#unpackedBytes += bytes;
    this.#turnBytes += bytes;
    if (this.#unpackedBytes >= unpackedBytesLimit) throw tooLarge(`${entry.path} goes over the limit`);
  }
}

async function* inflated(entry: ArchiveEntry): AsyncGenerator<Uint8Array, void, void> {
  if (entry.method === 'stored') {
    for (let start = 0; start < entry.packed.byteLength; start += wholeEntryBytesMax) {
      yield entry.packed.subarray(start, start + wholeEntryBytesMax);
    }
    return;
  }
  const inflate = createInflateRaw({ chunkSize: wholeEntryBytesMax });
  inflate.end(entry.packed);
  yield* inflate as AsyncIterable<Uint8Array>;
}

function finish(entry: ArchiveEntry, bytes: number, sum: number): void {
  if (bytes !== entry.claimedBytes) throw invalid(`${entry.path}: ${bytes} bytes, not ${entry.claimedBytes}`);
  if (sum !== entry.crc32) throw invalid(`${entry.path}: checksum`);
}
