/**
 * A plain request: one of the few paths that are asked thousands of times a second, whole in one piece, and with nothing in its head that two readers
 * could understand differently. Whatever is not all of that is no plain request, and node:http's to read and to judge: this file never refuses one.
 *
 *     POST <path> HTTP/1.1 CRLF               a path that is named as plain, of letters, digits and %:$._-
 *     <name>: <value> CRLF                    each name once, of letters, digits and -; values of visible ASCII and spaces
 *     CRLF <body>                             as long as its content-length says, and nothing behind it
 *
 * It is the common case of RFC 9112, and what is left out (chunks, expectations, upgrades, connection options, empty or folded lines, bare line
 * feeds) is where readers of HTTP have been set against each other.
 */
import { hash } from 'node:crypto';
import type { BodyBounds, BodyOutcome } from '../body.ts';
import type { Head } from '../head.ts';
import type { ListenerLimits } from '../limits.ts';
import type { Source } from '../source.ts';
import type { WireRequest } from '../../service.ts';

const endOfHead = '\r\n\r\n';
const requestLine = /^POST (\/[\w%:$./-]*)(?:\?([\w%:$./=&-]*))? HTTP\/1\.1$/;
const lines = /^(?:[\x20-\x7e]+\r\n)+$/;
const token = /^[A-Za-z0-9-]+$/;
const digits = /^\d{1,9}$/;
/** Of such heads node:http decides what comes next on the connection, and how the body is to be read. */
const notPlain = new Set([
  'content-encoding',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names as they were sent, to the same in lower case: clients send the same few. What is here is a token. */
const knownNames = new Map<string, string>();
const knownNamesMax = 512;

export class PlainRequest implements Source {
  readonly httpVersion = '1.1';
  readonly host: string;
  readonly #head: Head;
  readonly #body: Buffer;

  constructor(head: Head, host: string, body: Buffer) {
    this.#head = head;
    this.host = host;
    this.#body = body;
  }

  head(): Head {
    return this.#head;
  }

  read(
    { bytesMax, hashed, room }: BodyBounds,
    taken: (bytes: number) => void,
    done: (outcome: BodyOutcome) => void,
  ): void {
    const body = this.#body;
    if (body.length > bytesMax) return done({ kind: 'too-large' });
    if (!room.take(body.length)) return done({ kind: 'no-room' });
    taken(body.length);
    done({ kind: 'read', body, sha256: hashed ? hash('sha256', body, 'hex') : '' });
  }

  async *stream(): AsyncGenerator<Uint8Array, void> {
    yield this.#body;
  }
}

/** The plain request that `bytes` are, of a path that `paths` matches; undefined: they are something else, or not all of it. */
export function readPlain(
  bytes: Buffer,
  paths: RegExp,
  { headBytesMax, headersMax }: Pick<ListenerLimits, 'headBytesMax' | 'headersMax'>,
): PlainRequest | undefined {
  const end = bytes.indexOf(endOfHead, 0, 'latin1');
  if (end < 0 || end > headBytesMax) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  if (!lines.test(head)) return undefined;
  let start = head.indexOf('\r\n');
  const asked = requestLine.exec(head.slice(0, start));
  const [, rawPath, rawQuery = ''] = asked ?? [];
  if (rawPath === undefined || !paths.test(rawPath)) return undefined;

  const headers: Record<string, string> = {};
  for (let count = 0; start + 2 < head.length; count += 1) {
    const next = head.indexOf('\r\n', start + 2);
    const colon = head.indexOf(':', start + 2);
    if (count === headersMax || colon < 0 || colon > next) return undefined;
    const name = lowerCased(head.slice(start + 2, colon));
    if (name === undefined || headers[name] !== undefined || notPlain.has(name)) return undefined;
    headers[name] = head.slice(colon + 1, next).trim();
    start = next;
  }
  const { host, connection, 'content-length': length } = headers;
  if (host === undefined || length === undefined || !digits.test(length)) return undefined;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  const body = bytes.subarray(end + endOfHead.length);
  const contentLength = Number(length);
  if (body.length !== contentLength) return undefined;
  const request: WireRequest = { method: 'POST', rawPath, rawQuery, headers };
  return new PlainRequest({ request, repeated: undefined, contentLength }, host, body);
}

/** undefined: no name of a plain header. */
function lowerCased(name: string): string | undefined {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (knownNames.size < knownNamesMax) knownNames.set(name, lower);
  return lower;
}
