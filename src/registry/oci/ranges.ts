/** Ranges in requests: of a blob that is read, and of an upload that goes on. */
import { OciError } from './oci-error.ts';

/** `Range` of a read, end exclusive; undefined: all of it. Throws where nothing of it is there. */
export function readRange(
  header: string | string[] | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | undefined {
  // Several ranges, and units that nobody knows, may be answered with everything.
  const match = typeof header === 'string' ? /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) : null;
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return undefined;
  if (first === '') {
    const start = Math.max(sizeBytes - Number(last), 0);
    if (Number(last) === 0 || sizeBytes === 0) throw unsatisfiable(sizeBytes);
    return { start, end: sizeBytes };
  }
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= sizeBytes) throw unsatisfiable(sizeBytes);
  return { start: Number(first), end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}

/** `Content-Range` of a piece of an upload, `<start>-<last>`: where it starts; undefined: where the upload stands. */
export function pieceStart(
  header: string | string[] | undefined,
  contentLength: number | undefined,
): number | undefined {
  if (header === undefined) return undefined;
  const match =
    typeof header === 'string' ? /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/.*)?$/.exec(header) : null;
  if (match === null) throw new OciError('BLOB_UPLOAD_INVALID', 'Content-Range has the form <start>-<end>.');
  const [start, last] = [Number(match[1]), Number(match[2])];
  if (contentLength !== undefined && contentLength !== last - start + 1) {
    throw new OciError('SIZE_INVALID', 'Content-Range and Content-Length do not agree.');
  }
  return start;
}

function unsatisfiable(sizeBytes: number): OciError {
  return new OciError('RANGE_INVALID', 'The blob is not that long.', {
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}
