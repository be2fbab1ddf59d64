/** Routes that read bodies of any length as they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from './fixtures/client.ts';
import type { StreamRequest, StreamRoute } from './stream-route.ts';

const encodeError: StreamRoute['encodeError'] = (error, requestId) => ({
  statusCode: 418,
  headers: { 'x-id': requestId },
  body: Buffer.from(error instanceof Error ? error.message : 'no error'),
});

const route = (serve: StreamRoute['serve']): StreamRoute => ({ pathPrefix: '/v2/', serve, encodeError });

const ok = (text: string) => ({ statusCode: 200, headers: {}, body: Buffer.from(text) });

async function counted({ body }: StreamRequest): Promise<number> {
  let bytes = 0;
  for await (const piece of body) bytes += piece.length;
  return bytes;
}

test('a body arrives piece by piece, of known length or not, and is held nowhere', async () => {
  const streamed = route(async (request) => ok(`${await counted(request)} of ${request.contentLength}`));
  await using site = await rig({ streamRoutes: [streamed], limits: { bodiesBytesMax: 10 } });
  const known = site.open(
    `PUT /v2/x HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(100_000)}`,
  );
  assert.match(await known.until(/of \d+$/), /^HTTP\/1\.1 200 [^]*100000 of 100000$/);
  assert.equal(site.listener.usage().bodyBytes, 0);
  const chunked = site.open(
    'PUT /v2/x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  );
  assert.match(await chunked.until(/undefined$/), /3 of undefined$/);
});

test('the connection serves the next request, also after a small body that nobody read', async () => {
  const heard: string[] = [];
  const careless = route(async ({ request }) => {
    heard.push(request.method);
    return ok('unread');
  });
  await using site = await rig({ streamRoutes: [careless] });
  const talk = site.open(
    'PUT /v2/x HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabcGET /v2/y HTTP/1.1\r\nhost: h\r\n\r\n',
  );
  await talk.until(/unread[^]*unread$/);
  assert.deepEqual(heard, ['PUT', 'GET']);
});

test('a large body that nobody reads ends the connection, after the answer', async () => {
  const refusing = route(async () => {
    throw new Error('not today');
  });
  await using site = await rig({ streamRoutes: [refusing], limits: { discardedBytesMax: 1000 } });
  const talk = site.open(
    `PUT /v2/x HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(5000)}`,
  );
  assert.match(await talk.ended(), /^HTTP\/1\.1 418 [^]*not today$/);
});

test('a body is left in the middle, and the answer still comes', async () => {
  const early = route(async ({ body }) => {
    for await (const piece of body) return ok(`had ${piece.length > 0}`);
    return ok('nothing');
  });
  await using site = await rig({ streamRoutes: [early], limits: { discardedBytesMax: 1000 } });
  const talk = site.open(
    `PUT /v2/x HTTP/1.1\r\nhost: h\r\ncontent-length: 9000000\r\n\r\n${'x'.repeat(80_000)}`,
  );
  assert.match(await talk.until(/had true/), /^HTTP\/1\.1 200 /);
  talk.socket.destroy();
});

const expecting = (path: string): string =>
  `PUT ${path} HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n`;

test('100-continue is said when the body is wanted, not before', async () => {
  const choosy = route(async (request) =>
    request.request.rawPath.endsWith('want') ? ok(`${await counted(request)}`) : ok('no'),
  );
  await using site = await rig({ streamRoutes: [choosy] });
  const wanted = site.open(expecting('/v2/want'));
  await wanted.until(/100 Continue\r\n\r\n$/);
  wanted.socket.write('abc');
  assert.match(await wanted.until(/\r\n\r\n3$/), /200 OK/);
  const unwanted = await site.open(expecting('/v2/no')).ended();
  assert.match(unwanted, /^HTTP\/1\.1 200 [^]*connection: close[^]*no$/i);
});

test('a client that goes away, or stands still, breaks the reading off', async () => {
  const ends: string[] = [];
  const reading = Promise.withResolvers<void>();
  let ended = Promise.withResolvers<void>();
  const patient = route(async ({ body, signal }) => {
    try {
      for await (const _ of body) reading.resolve();
    } catch (error) {
      ends.push(`${signal.aborted} ${error instanceof Error}`);
      ended.resolve();
    }
    return ok('');
  });
  await using site = await rig({ streamRoutes: [patient], limits: { bodyIdleTimeoutMs: 1000 } });
  const text = 'PUT /v2/x HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc';
  const leaving = site.open(text);
  await reading.promise;
  leaving.socket.destroy();
  await ended.promise;
  ended = Promise.withResolvers<void>();
  const still = site.open(text);
  const passing = setInterval(() => site.clock.advance(500), 10);
  await ended.promise;
  clearInterval(passing);
  await still.ended();
  assert.deepEqual(ends.length, 2);
});

test('a head request has no body in its answer, and other paths are not touched', async () => {
  await using site = await rig({
    streamRoutes: [route(async () => ({ ...ok(''), headers: { 'content-length': '5' } }))],
  });
  const head = site.open('HEAD /v2/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n');
  assert.match(await head.ended(), /content-length: 5\r\n[^]*\r\n\r\n$/i);
  const other = site.open('GET /v2 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n');
  assert.match(await other.ended(), /^HTTP\/1\.1 403 /);
});
