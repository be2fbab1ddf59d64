/** Tests of the listener over real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireResponse } from '../service.ts';
import { rig, signedText } from './fixtures/client.ts';
import { echoService } from './fixtures/echo-service.ts';
import { createListener } from './listener.ts';

const requestId = /x-amzn-RequestId: [0-9a-f-]{36}\r\n/;

test('a signed request reaches its service, and the answer carries a request id, a date and a length', async () => {
  await using site = await rig();
  const talk = site.open(`${await signedText('{"x":1}')}{"x":1}`);
  const answer = await talk.until(/\{"x":1\}$/);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, requestId);
  assert.match(answer, /content-length: 7\r\n/);
  assert.match(answer, /\r\nDate: /);
  assert.match(answer, /Connection: keep-alive/);
  talk.socket.destroy();
});

test('one connection serves many requests, also pipelined, in order', async () => {
  await using site = await rig();
  const one = `${await signedText('{"n":1}')}{"n":1}`;
  const two = `${await signedText('{"n":2}', { declareHash: false })}{"n":2}`;
  const talk = site.open(one + two + one);
  const answer = await talk.until(/\{"n":1\}[^]*\{"n":2\}[^]*\{"n":1\}$/);
  assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 3);
  talk.socket.destroy();
});

test('the body must be the one that was signed, whether its hash was declared or not', async () => {
  await using site = await rig();
  for (const declareHash of [true, false]) {
    const talk = site.open(`${await signedText('{"x":1}', { declareHash })}{"x":2}`);
    const answer = await talk.until(/\}$/);
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden/);
    assert.match(answer, /InvalidSignatureException/);
    assert.match(answer, requestId);
    talk.socket.destroy();
  }
});

test('an unsigned request is refused before its body is read', async () => {
  await using site = await rig();
  const talk = site.open('POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\n');
  const answer = await talk.until(/Missing Authentication Token/);
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden/);
  assert.match(answer, requestId);
  assert.match(answer, /connection: close/i);
  assert.equal(site.listener.usage().bodyBytes, 0);
  talk.socket.destroy();
});

test('a small refused body is read over, and the connection serves the next request', async () => {
  await using site = await rig();
  const refused = 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n12345';
  const talk = site.open(`${refused}${await signedText('{"x":1}')}{"x":1}`);
  assert.match(await talk.until(/\{"x":1\}$/), /^HTTP\/1\.1 403 [^]*HTTP\/1\.1 200 /);
  talk.socket.destroy();
});

test('a declared length beyond the limit is refused at once, a chunked body as soon as it grows beyond', async () => {
  await using site = await rig({ service: echoService({ bodyBytesMax: 10 }) });
  const declared = site.open(await signedText('12345678901'));
  assert.match(await declared.until(/Too large/), /^HTTP\/1\.1 413 /);
  declared.socket.destroy();

  const head = await signedText('12345678901', { extra: ['transfer-encoding: chunked'] });
  const chunked = site.open(`${head}6\r\n123456\r\n5\r\n78901\r\n`);
  assert.match(await chunked.until(/Too large/), /^HTTP\/1\.1 413 /);
  chunked.socket.write('0\r\n\r\n');
  await chunked.ended();
  assert.equal(site.listener.usage().bodyBytes, 0);

  const fits = site.open(
    `${await signedText('1234567890', { extra: ['transfer-encoding: chunked'] })}5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n`,
  );
  assert.match(await fits.until(/1234567890$/), /^HTTP\/1\.1 200 /);
  fits.socket.destroy();
});

test('the client that waits for a 100 gets one only for a head that is acceptable', async () => {
  await using site = await rig({ service: echoService({ bodyBytesMax: 10 }) });
  const fine = site.open(await signedText('12345', { extra: ['content-length: 5', 'expect: 100-continue'] }));
  assert.equal(await fine.until(/\r\n\r\n$/), 'HTTP/1.1 100 Continue\r\n\r\n');
  fine.socket.write('12345');
  await fine.until(/12345$/);
  fine.socket.destroy();

  for (const text of [
    await signedText('12345678901', { extra: ['content-length: 11', 'expect: 100-continue'] }),
    'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n',
  ]) {
    const answer = await site.open(text).ended();
    assert.match(answer, /^HTTP\/1\.1 4(?:13|03) /);
  }
});

test('what is no HTTP gets an answer with a request id and a closed connection', async () => {
  await using site = await rig({ limits: { brokenLingerMs: 5 } });
  for (const text of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: h\r\nbad header: x\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: h\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`,
    'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ]) {
    const talk = site.open(text);
    const answer = await talk.until(/\}$/);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, text.slice(0, 80));
    assert.match(answer, requestId);
    talk.socket.destroy();
  }
});

test('heads that parse and still make no sense are refused', async () => {
  await using site = await rig();
  for (const [text, status] of [
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: a\r\nauthorization: b\r\nauthorization: c\r\n\r\n', 400],
    ['GET http://example.com/ HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    ['OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(250)}\r\n`, 400],
    ['GET / HTTP/1.1\r\nhost: a\r\ncontent-encoding: br\r\n\r\n', 415],
    ['OPTIONS / HTTP/1.1\r\nhost: a\r\n\r\n', 403],
    ['GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n', 403],
  ] as const) {
    const talk = site.open(text);
    const answer = await talk.until(/\}$/);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 80));
    assert.match(answer, requestId);
    talk.socket.destroy();
  }
});

test('a compressed body is refused where the operation does not take it, before it is read', async () => {
  await using site = await rig();
  for (const encoding of ['gzip', 'GZIP']) {
    const head = await signedText('{"x":1}');
    const talk = site.open(head.replace('\r\n\r\n', `\r\ncontent-encoding: ${encoding}\r\n\r\n`));
    assert.match(await talk.until(/\}$/), /^HTTP\/1\.1 415 [^]*Content-Encoding/);
    talk.socket.destroy();
  }
  const head = await signedText('{"x":1}');
  const talk = site.open(`${head.replace('\r\n\r\n', '\r\ncontent-encoding: identity\r\n\r\n')}{"x":1}`);
  assert.match(await talk.until(/\}$/), /^HTTP\/1\.1 200 /);
  talk.socket.destroy();
});

test('an unknown path of a proven sender is answered by the service', async () => {
  await using site = await rig();
  const talk = site.open(await signedText('', { method: 'GET', path: '/other' }));
  assert.match(await talk.until(/Unknown operation/), /^HTTP\/1\.1 404 /);
  talk.socket.destroy();
});

test('HEAD is answered without a body', async () => {
  await using site = await rig();
  const talk = site.open(
    `HEAD / HTTP/1.1\r\nhost: h\r\n\r\nGET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`,
  );
  const [first, second] = (await talk.ended()).split(/(?=HTTP\/1\.1)/);
  assert.match(first ?? '', /^HTTP\/1\.1 403 [^]*\r\n\r\n$/);
  assert.match(second ?? '', /Missing Authentication Token"\}$/);
});

test('a sender too slow with head or body is told so and cut', async () => {
  const limits = { headTimeoutMs: 20, requestTimeoutMs: 40, timeoutCheckIntervalMs: 10, brokenLingerMs: 1 };
  await using site = await rig({ limits });
  for (const text of ['GET / HT', await signedText('12345'), `${await signedText('12345')}12`]) {
    const talk = site.open(text);
    const answer = await talk.until(/\}$/);
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout/);
    assert.match(answer, /RequestTimeoutException/);
    assert.match(answer, requestId);
    talk.socket.destroy();
  }
});

test('a client that goes away aborts the signal of its request', async () => {
  const started = Promise.withResolvers<AbortSignal>();
  const never = new Promise<WireResponse>(() => {});
  const service = echoService({
    handler(_, context) {
      started.resolve(context.signal);
      return never;
    },
  });
  await using site = await rig({ service });
  const talk = site.open(`${await signedText('{}')}{}`);
  const signal = await started.promise;
  assert.equal(signal.aborted, false);
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
  talk.socket.destroy();
  await aborted;
});

test('a handler that answers with an impossible header, or rejects, becomes an internal error', async () => {
  for (const handler of [
    () => Promise.resolve({ statusCode: 200, headers: { bad: 'a\r\nb' }, body: undefined }),
    () => Promise.reject(new Error('secret detail')),
    () => {
      throw new Error('secret detail');
    },
  ]) {
    await using site = await rig({ service: echoService({ handler }) });
    const talk = site.open(`${await signedText('{}')}{}`);
    const answer = await talk.until(/\}$/);
    assert.match(answer, /^HTTP\/1\.1 500 /);
    assert.match(answer, requestId);
    assert.ok(!answer.includes('secret'));
    assert.equal(site.logged.length, 1);
    talk.socket.destroy();
  }
});

test('bodies in progress share one bound', async () => {
  await using site = await rig({ limits: { bodiesBytesMax: 8 } });
  const first = site.open(`${await signedText('123456789')}12345`);
  while (site.listener.usage().bodyBytes < 5) await new Promise(setImmediate);
  const second = site.open(`${await signedText('123456789')}12345`);
  assert.match(await second.until(/\}$/), /^HTTP\/1\.1 503 /);
  first.socket.destroy();
  second.socket.destroy();
  while (site.listener.usage().connections > 0) await new Promise(setImmediate);
  assert.equal(site.listener.usage().bodyBytes, 0);
});

test('a connection with too many waiting requests is cut', async () => {
  const never = new Promise<WireResponse>(() => {});
  await using site = await rig({
    service: echoService({ handler: () => never }),
    limits: { pipelinedMax: 3 },
  });
  const one = `${await signedText('{}')}{}`;
  assert.equal(await site.open(one.repeat(4)).ended(), '');
});

test('an answer that its client never reads is cut after a while', async () => {
  const big = new Uint8Array(64 * 1024 * 1024);
  const handler = () => Promise.resolve({ statusCode: 200, headers: {}, body: big });
  await using site = await rig({ service: echoService({ handler }) });
  const talk = site.open();
  talk.socket.pause();
  talk.socket.write(`${await signedText('{}')}{}`);
  while (site.clock.timers === 0) await new Promise(setImmediate);
  site.clock.advance(119_999);
  await new Promise(setImmediate);
  assert.equal(site.listener.usage().connections, 1);
  site.clock.advance(1);
  while (site.listener.usage().connections > 0) await new Promise(setImmediate);
});

test('closing lets the running request end, drops idle connections after a moment, and takes no new ones', async () => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<WireResponse>();
  const service = echoService({
    handler() {
      started.resolve();
      return finish.promise;
    },
  });
  const site = await rig({ service });
  const idle = site.open('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
  await idle.until(/\}$/);
  const busy = site.open(`${await signedText('{}')}{}`);
  await started.promise;
  let closed = false;
  const closing = site.listener.close(60_000).then(() => {
    closed = true;
  });
  site.clock.advance(100);
  await idle.ended();
  assert.equal(closed, false);
  await assert.rejects(new Promise((_, reject) => site.open().socket.on('error', reject)));
  finish.resolve({ statusCode: 200, headers: {}, body: Buffer.from('done') });
  assert.match(await busy.ended(), /^HTTP\/1\.1 200 OK[^]*connection: close[^]*done$/i);
  await closing;
});

test('a request that was on its way when the closing began is answered', async () => {
  const site = await rig();
  const request = `${await signedText('{"n":1}')}{"n":1}`;
  const talk = site.open(request);
  await talk.until(/\{"n":1\}$/);
  talk.socket.write(request, 'latin1');
  const closing = site.listener.close(60_000);
  assert.match(await talk.ended(), /\{"n":1\}HTTP\/1\.1 200 OK[^]*connection: close[^]*\{"n":1\}$/i);
  await closing;
});

test('closing cuts what still runs at the deadline', async () => {
  const started = Promise.withResolvers<AbortSignal>();
  const service = echoService({
    handler(_, context) {
      started.resolve(context.signal);
      return new Promise(() => {});
    },
  });
  const site = await rig({ service });
  const busy = site.open(`${await signedText('{}')}{}`);
  const signal = await started.promise;
  const closing = site.listener.close(60_000);
  site.clock.advance(60_000);
  assert.equal(await busy.ended(), '');
  await closing;
  assert.equal(signal.aborted, true);
});

test('a port that is taken, or an address that is not ours, is an outcome and not an exception', async () => {
  await using site = await rig();
  const { port } = site.listener.address;
  const options = {
    services: new Map([['lambda', echoService()]]),
    identity: { region: 'us-east-1', findKey: () => undefined },
    clock: site.clock,
    entropy: { bytes: (count: number) => new Uint8Array(count), uuid: () => '' },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  };
  assert.deepEqual(await createListener({ ...options, host: '127.0.0.1', port }), {
    kind: 'taken',
    address: { host: '127.0.0.1', port },
  });
  assert.equal((await createListener({ ...options, host: '192.0.2.1', port: 0 })).kind, 'refused');
});
