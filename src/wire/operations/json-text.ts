/**
 * Parses JSON that came from outside. What JSON.parse would spend memory on is bounded before it runs: a body of 70 MB
 * may hold one long string (a code archive) but not 70 million brackets.
 */
import { WireError } from '../error.ts';

/** Brackets open at once. */
export const jsonDepthMax = 128;
/** Brackets, commas and colons outside of strings. */
export const jsonTokensMax = 500_000;

const quote = 0x22;
const backslash = 0x5c;
const decoder = new TextDecoder('utf-8', { fatal: true }); // drops a byte order mark

/** The value of a JSON text; undefined for an empty one. Throws SerializationException. */
export function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  checkBounds(body);
  let text;
  try {
    text = decoder.decode(body);
  } catch {
    throw new WireError('SerializationException', 'The request body is not valid UTF-8.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // JSON.parse's own message quotes the body, which may hold secrets.
    throw new WireError('SerializationException', 'The request body is not valid JSON.');
  }
}

/** One pass over the bytes; strings are skipped at memchr's speed. Malformed text is left to JSON.parse. */
function checkBounds(body: Uint8Array): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let depth = 0;
  let tokens = 0;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index] ?? 0) {
      case quote:
        index = endOfString(bytes, index);
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth++;
        tokens++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2c: // ,
      case 0x3a: // :
        tokens++;
        break;
      default:
    }
    if (depth > jsonDepthMax || tokens > jsonTokensMax) {
      throw new WireError(
        'SerializationException',
        'The request body is nested too deeply or has too many values.',
      );
    }
  }
}

/** Index of the quote that ends the string opened at `start`; the last index if none does. */
function endOfString(bytes: Buffer, start: number): number {
  let from = start + 1;
  for (;;) {
    const end = bytes.indexOf(quote, from);
    if (end === -1) return bytes.length;
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === backslash && end - 1 - backslashes >= from) backslashes++;
    if (backslashes % 2 === 0) return end;
    from = end + 1;
  }
}
