/** Content as one stream of its pieces. */
import type { Blobs } from '#platform';
import type { Part } from './records.ts';

/** Bytes from `start` (inclusive) to `end` (exclusive). Throws where a piece is missing: content that is known has all of them. */
export async function* streamOfParts(
  blobs: Blobs,
  parts: readonly Part[],
  range: { readonly start: number; readonly end: number } = { start: 0, end: Number.POSITIVE_INFINITY },
): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  for (const { key, sizeBytes } of parts) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, sizeBytes);
    offset += sizeBytes;
    if (start >= end) continue;
    const stream = await blobs.stream(key, { start, end });
    if (stream === undefined) throw new Error(`the piece ${key} is missing`);
    yield* stream;
  }
}
