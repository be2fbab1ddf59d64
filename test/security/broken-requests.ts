/** What is sent on a connection of its own: no HTTP at all, HTTP that is broken, smuggled, half, or slow. */
import type { Chooser } from './chooser.ts';
import { type Templates, write } from './whole-requests.ts';

export interface BrokenRequest {
  /** Written one after the other, with a pause between. */
  readonly parts: readonly string[];
  /** The client goes away after the last part, and expects nothing. */
  readonly leaves: boolean;
}

const host = 'host: h\r\n';

/** Framing that two readers could understand in two ways. */
const smuggled = [
  'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET',
  'transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n',
  'content-length: 5\r\ncontent-length: 6\r\n\r\n123456',
  'content-length: 5, 6\r\n\r\n123456',
  'content-length: +5\r\n\r\n12345',
  'content-length: -5\r\n\r\n12345',
  'content-length: 0x5\r\n\r\n12345',
  'content-length: 99999999999999999999999\r\n\r\n',
  'content-length : 5\r\n\r\n12345',
  'transfer-encoding: chunked, identity\r\n\r\n5\r\n12345\r\n0\r\n\r\n',
  'transfer-encoding: xchunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n',
  'transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n',
  'transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n',
  ' transfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'x: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\nZZ\r\n12345\r\n0\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\n-1\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n',
  'transfer-encoding: chunked\r\n\r\n5\r\n123456789\r\n0\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\n5\n12345\n0\n\n',
] as const;

/** First lines and openings that are not of HTTP/1.1 as it should be. */
const openings = [
  'GET /\r\n\r\n',
  `GET / HTTP/0.9\r\n${host}\r\n`,
  `GET / HTTP/9.9\r\n${host}\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  `GET  / HTTP/1.1\r\n${host}\r\n`,
  `get / HTTP/1.1\r\n${host}\r\n`,
  `GET\0 / HTTP/1.1\r\n${host}\r\n`,
  `GET /\0 HTTP/1.1\r\n${host}\r\n`,
  `GET / HTTP/1.1\n${host}\n`,
  `GET / HTTP/1.1\r${host}\r`,
  'GET / HTTP/1.1\r\n\r\n',
  `GET http://other/ HTTP/1.1\r\n${host}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
  `CONNECT h:443 HTTP/1.1\r\n${host}\r\n`,
  `GET / HTTP/1.1\r\n${host}upgrade: h2c\r\nconnection: upgrade\r\n\r\n`,
  `HEAD / HTTP/1.1\r\n${host}\r\n`,
  `POST / HTTP/1.1\r\n${host}expect: 100-continue\r\ncontent-length: 5\r\n\r\n`,
  `POST / HTTP/1.1\r\n${host}expect: the-unexpected\r\ncontent-length: 0\r\n\r\n`,
  `GET / HTTP/1.1\r\n${host}a\0b: c\r\n\r\n`,
  `GET / HTTP/1.1\r\n${host}: c\r\n\r\n`,
  `GET / HTTP/1.1\r\n${host}${'a: b\r\n'.repeat(400)}\r\n`,
  `GET / HTTP/1.1\r\n${host}${host}\r\n`,
  'SOURCE /x ICE/1.0\r\n\r\n',
] as const;

export function brokenRequest(choose: Chooser, { good, anyBody }: Templates): BrokenRequest {
  const genuine = write(good);
  switch (choose.below(10)) {
    case 0:
      return stays(`${choose.bytes(1 + choose.below(200))}\r\n\r\n`);
    case 1:
      return stays(choose.of(openings));
    case 2:
      return stays(
        `${choose.of(['POST', 'GET', 'PUT'])} /2015-03-31/functions HTTP/1.1\r\n${host}${choose.of(smuggled)}`,
      );
    case 3: {
      // The same, from a sender who is genuine.
      const { 'content-length': _, ...headers } = anyBody.headers;
      const head = write({ ...anyBody, headers, body: '' }).replace('content-length: 0\r\n\r\n', '');
      return stays(head + choose.of(smuggled));
    }
    case 4:
      return stays(choose.damage(choose.damage(genuine)));
    case 5:
      return { parts: [genuine.slice(0, 1 + choose.below(genuine.length - 1))], leaves: true };
    case 6:
      return choose.chance(0.02)
        ? stays(genuine.slice(0, 1 + choose.below(genuine.length - 1)))
        : stays(`GET /${'a'.repeat(20_000 + choose.below(50_000))} HTTP/1.1\r\n${host}\r\n`);
    case 7:
      return stays(
        `GET / HTTP/1.1\r\n${host}x-${'y'.repeat(choose.below(100))}: ${'z'.repeat(30_000 + choose.below(30_000))}\r\n\r\n`,
      );
    case 8: {
      if (!choose.chance(0.05))
        return { parts: [genuine, genuine.slice(0, choose.below(300))], leaves: true };
      const parts: string[] = [];
      for (let at = 0; at < genuine.length; at += 40) parts.push(genuine.slice(at, at + 40));
      return stays(...parts);
    }
    default:
      return stays(
        write({ ...anyBody, body: '' }).replace(
          'content-length: 0',
          `content-length: ${choose.of(['1e9', '999999999', '9'.repeat(400), '104857601'])}`,
        ),
      );
  }
}

function stays(...parts: string[]): BrokenRequest {
  return { parts, leaves: false };
}
