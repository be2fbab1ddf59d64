/**
 * The head that a stream may begin with: JSON with `statusCode`, `headers` and `cookies`, then eight NUL bytes, then the body. AWS's
 * HttpResponseStream writes it, and says so with a content type of its own. Pure.
 */
import { preludeBytesMax } from './limits.ts';

/** The content type of a stream with a prelude. */
export const preludeContentType = 'application/vnd.awslambda.http-integration-response';

export type Prelude =
  | {
      readonly kind: 'found';
      readonly given: Readonly<Record<string, unknown>>;
      /** What of the bytes belongs to the body. */
      readonly rest: Uint8Array;
    }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' };

const separator = Buffer.alloc(8);

/** `bytes`: all that came so far. */
export function splitPrelude(bytes: Uint8Array): Prelude {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.subarray(0, preludeBytesMax + separator.length).indexOf(separator);
  if (end < 0) return { kind: buffer.length > preludeBytesMax ? 'malformed' : 'incomplete' };
  try {
    const given: unknown = JSON.parse(buffer.toString('utf8', 0, end));
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return { kind: 'malformed' };
    return {
      kind: 'found',
      given: given as Readonly<Record<string, unknown>>,
      rest: buffer.subarray(end + separator.length),
    };
  } catch {
    return { kind: 'malformed' };
  }
}
