/** What every Blobs engine demands of keys and ranges. What fails here is a bug of the caller. */
import { assert } from '#lib/assert';
import { requestLimits } from '../limits.ts';

export type Range = { readonly start: number; readonly end?: number };

/** Keys become paths in one engine and URLs in another, so nothing that climbs or hides gets through. */
export function checkBlobKey(key: string): void {
  const { blobKeyCharactersMax, blobKeySegmentCharactersMax } = requestLimits;
  const allowed =
    key.length <= blobKeyCharactersMax &&
    /^[a-zA-Z0-9._/-]+$/.test(key) &&
    key
      .split('/')
      .every(
        (segment) =>
          segment !== '' &&
          segment !== '.' &&
          segment !== '..' &&
          segment.length <= blobKeySegmentCharactersMax,
      );
  assert(allowed, `not a key of a blob: ${JSON.stringify(key.slice(0, blobKeyCharactersMax))}`);
}

/** A prefix is any beginning of a key, also in the middle of a segment. */
export function checkBlobPrefix(prefix: string): void {
  assert(
    prefix.length <= requestLimits.blobKeyCharactersMax && /^[a-zA-Z0-9._/-]*$/.test(prefix),
    `not a prefix of blob keys: ${JSON.stringify(prefix.slice(0, requestLimits.blobKeyCharactersMax))}`,
  );
}

/** The part of a blob of `sizeBytes` that the range covers: `start` inclusive, `end` exclusive, neither beyond the end of the blob. */
export function clip(range: Range | undefined, sizeBytes: number): { start: number; end: number } {
  const { start, end = sizeBytes } = range ?? { start: 0 };
  return { start: Math.min(start, sizeBytes), end: Math.min(end, sizeBytes) };
}

export function checkRange(range: Range | undefined): void {
  if (range === undefined) return;
  const { start, end = start } = range;
  const sensible = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start;
  assert(sensible, `not a range: ${start}..${end}`);
}

/** Tells a stream that it will not be read, so that what stands behind it is released. */
export async function discard(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
}
