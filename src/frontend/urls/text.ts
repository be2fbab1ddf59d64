/**
 * Text that came as bytes. HTTP's heads reach us with one character per byte; an event is JSON, so everything in it has to be text that
 * UTF-8 can carry. Pure.
 */

/** `latin1`: one character per byte, as node:http gives a head. What is no UTF-8 stays as it is. */
export function textOf(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return utf8Of(bytes) ?? latin1;
}

/** undefined: no UTF-8. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  return buffer.equals(Buffer.from(text, 'utf8')) ? text : undefined;
}

/** What stands in a path or query as a byte that ASCII does not have, percent-encoded as it should have been. */
export function asciiOf(latin1: string): string {
  return latin1.replace(
    /[^!-~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** A part of a query: `+` is a blank, and a `%` that starts no escape stands for itself. */
export function decodeQueryPart(part: string): string {
  if (!part.includes('%') && !part.includes('+')) return part;
  return textOf(
    part
      .replaceAll('+', ' ')
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}
