/** Tests of links, and of routes that open only with one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import { rig } from './fixtures/client.ts';
import { Links } from './links.ts';
import { linkedRoute } from './open-route.ts';

const key = new Uint8Array(32).fill(7);
const path = '/_lambkin/code/000000000000/hello%20there/1';

function split(link: string): [string, string] {
  const question = link.indexOf('?');
  return [link.slice(0, question), link.slice(question + 1)];
}

test('a link holds until it expires', () => {
  const clock = new FakeClock();
  const links = new Links(key, clock);
  const [rawPath, rawQuery] = split(links.make(path, 600));
  assert.equal(rawPath, path);
  assert.equal(links.verify(rawPath, rawQuery), undefined);
  clock.advance(599_999);
  assert.equal(links.verify(rawPath, rawQuery), undefined);
  clock.advance(1);
  assert.equal(links.verify(rawPath, rawQuery)?.message, 'Request has expired');
});

test('a link opens nothing else: any other path, time, signature or key is refused', () => {
  const clock = new FakeClock();
  const links = new Links(key, clock);
  const [rawPath, rawQuery] = split(links.make(path, 600));
  fc.assert(
    fc.property(
      fc.nat({ max: rawPath.length + rawQuery.length }),
      fc.constantFrom('0', 'a', '/', ''),
      (at, by) => {
        const text = `${rawPath}?${rawQuery}`;
        const changed = text.slice(0, at) + by + text.slice(at + 1);
        if (changed === text) return;
        const [otherPath, otherQuery] = split(changed);
        // The last character of base64url carries bits that count for nothing; the same bytes are the same signature.
        if (
          otherPath === rawPath &&
          Buffer.from(otherQuery, 'base64url').equals(Buffer.from(rawQuery, 'base64url'))
        )
          return;
        assert.equal(links.verify(otherPath, otherQuery)?.errorName, 'AccessDeniedException', changed);
      },
    ),
  );
  assert.ok(links.verify(rawPath, ''));
  assert.ok(new Links(new Uint8Array(32), clock).verify(rawPath, rawQuery));
});

async function* parts() {
  yield Buffer.from('first ');
  yield Buffer.from('second');
}

async function* endless() {
  for (;;) yield Buffer.alloc(1024 * 1024);
}

async function* broken() {
  yield Buffer.from('first');
  throw new Error('disk');
}

test('a linked route streams to whoever holds the link, by GET and HEAD, unsigned', async () => {
  const clock = new FakeClock();
  const links = new Links(key, clock);
  const route = linkedRoute('/_lambkin/code/', links, () =>
    Promise.resolve({ kind: 'answer', statusCode: 200, headers: { 'content-length': '12' }, body: parts() }),
  );
  await using site = await rig({ openRoutes: [route] });
  const link = links.make(path, 600);
  const get = await site.open(`GET ${link} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`).ended();
  assert.match(get, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nfirst second$/);
  assert.match(get, /x-amzn-RequestId: /);
  const head = await site.open(`HEAD ${link} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`).ended();
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 12[^]*\r\n\r\n$/);
  for (const text of [
    `GET ${path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`,
    `GET ${link}0 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`,
  ]) {
    assert.match(await site.open(text).ended(), /^HTTP\/1\.1 403 [^]*Access Denied/);
  }
  const post = site.open(`POST ${link} HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nx`);
  assert.match(await post.until(/\}$/), /^HTTP\/1\.1 400 /);
  post.socket.destroy();
});

test('a stream that breaks cuts the connection, so that the part is not taken for the whole', async () => {
  const route = {
    pathPrefix: '/open',
    serve: () => Promise.resolve({ kind: 'answer', statusCode: 200, headers: {}, body: broken() } as const),
  };
  await using site = await rig({ openRoutes: [route] });
  const answer = await site.open('GET /open HTTP/1.1\r\nhost: h\r\n\r\n').ended();
  assert.ok(!answer.endsWith('0\r\n\r\n'), answer);
  assert.equal(site.logged.length, 1);
});

test('a download that its client never reads is cut after a while', async () => {
  const route = {
    pathPrefix: '/open',
    serve: () => Promise.resolve({ kind: 'answer', statusCode: 200, headers: {}, body: endless() } as const),
  };
  await using site = await rig({ openRoutes: [route] });
  const talk = site.open();
  talk.socket.pause();
  talk.socket.write('GET /open HTTP/1.1\r\nhost: h\r\n\r\n');
  // Once the buffers between the two are full, time alone makes the difference.
  while (talk.socket.readableFlowing !== false || site.clock.timers === 0) await new Promise(setImmediate);
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  while (site.listener.usage().connections > 0) {
    // Again, should the last of what fits have gone out only now.
    site.clock.advance(120_000);
    await new Promise(setImmediate);
  }
  assert.equal(site.clock.timers, 0);
  talk.socket.destroy();
});
