/**
 * The canonical form of a request, that both sides hash and sign.
 *
 * Strings here hold one byte per character (as node:http gives them), so that what is hashed is what was on the wire.
 * Source: the Signature Version 4 documentation, for services other than S3: the path is normalised and encoded a
 * second time, runs of blanks in header values count as one.
 */

const plainPath = /^\/(?:[A-Za-z0-9\-._~]+\/)*[A-Za-z0-9\-._~]*$/;
const dotSegment = /\/\.\.?(?:\/|$)/;
const unreserved = /^[A-Za-z0-9\-._~]*$/;
const blanks = /[ \t]+/g;

/** `rawPath` as on the wire, percent-encoded once. */
export function canonicalPath(rawPath: string): string {
  if (plainPath.test(rawPath) && !dotSegment.test(rawPath)) return rawPath;
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(encodeBytes(segment));
  }
  const slash = rawPath.endsWith('/') && segments.length > 0 ? '/' : '';
  return `/${segments.join('/')}${slash}`;
}

export interface QueryPair {
  /** Decoded, one byte per character. */
  readonly name: string;
  readonly value: string;
}

/** Splits and decodes a query as on the wire (without `?`). A `+` is a blank, as in forms. */
export function parseQuery(rawQuery: string): readonly QueryPair[] {
  if (rawQuery === '') return [];
  const pairs: QueryPair[] = [];
  for (const part of rawQuery.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    pairs.push({ name: decodeBytes(name), value: decodeBytes(value) });
  }
  return pairs;
}

/** Encoded anew, in order of name and then of value. */
export function canonicalQuery(pairs: readonly QueryPair[]): string {
  if (pairs.length === 0) return '';
  return pairs
    .map(({ name, value }) => ({ name: encodeBytes(name), value: encodeBytes(value) }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

/** A header value as it is signed: trimmed, runs of blanks as one. Several values of one name are joined by a comma. */
export function canonicalHeaderValue(value: string | readonly string[]): string {
  if (typeof value !== 'string') return value.map(canonicalHeaderValue).join(',');
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  const edged = first === 32 || first === 9 || last === 32 || last === 9;
  if (!edged && !value.includes('  ') && !value.includes('\t')) return value;
  return value.replace(blanks, ' ').replace(/^ | $/g, '');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Percent-encodes every byte that is not unreserved (RFC 3986 section 2.3). */
export function encodeBytes(text: string): string {
  if (unreserved.test(text)) return text;
  let encoded = '';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index) & 0xff;
    encoded += encodedByte[code] ?? '';
  }
  return encoded;
}

/** Each byte as it stands in a canonical path or query. */
const encodedByte: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return unreserved.test(character) ? character : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** Undoes percent-encoding byte by byte; a `%` that starts no escape stands for itself. */
function decodeBytes(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
