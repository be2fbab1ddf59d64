/** Signed calls, to a server that verifies them as our own listener would, and then answers, cuts or hangs. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { FakeClock } from '#platform';
import { findKey, nowMs, temporary } from '../sigv4/fixtures/signed.ts';
import { Verifier } from '../sigv4/verifier.ts';
import { type SignedCall, SignedCalls, type SignedCallsOptions } from './signed-calls.ts';

const answerBytesMax = 100;
const anyCall: SignedCall = {
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'text/plain' },
  body: 'ü',
  region: 'eu-west-1',
  keys: temporary,
};

interface World {
  readonly calls: SignedCalls;
  readonly clock: FakeClock;
  readonly seen: string[];
  answer: Buffer | 'cut' | 'hang';
}

async function open(t: TestContext, options: Partial<SignedCallsOptions> = {}): Promise<World> {
  const verifier = new Verifier({
    findKey,
    region: 'eu-west-1',
    services: ['sqs', 's3'],
    nowMs: () => nowMs,
  });
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const body = Buffer.concat(pieces);
      const [rawPath = '', rawQuery = ''] = url.split('?');
      const examined = verifier.examine({
        method,
        rawPath,
        rawQuery,
        headers,
      });
      const error =
        examined.kind === 'refused' ? examined.error : examined.finish(hash('sha256', body, 'hex'));
      seen.push(`${method} ${url} ${body.toString()} ${error?.message ?? 'verified'}`);
      if (world.answer === 'cut') request.socket.destroy();
      else if (world.answer !== 'hang') response.writeHead(201).end(world.answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new FakeClock(nowMs);
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const calls = new SignedCalls({
    endpoint,
    service: 'sqs',
    callMsMax: 1_000,
    answerBytesMax,
    clock,
    ...options,
    ...(options.endpoint !== undefined && { endpoint: endpoint + options.endpoint }),
  });
  t.after(() => {
    calls.close();
    server.closeAllConnections();
    server.close();
  });
  const world: World = { calls, clock, seen, answer: Buffer.from('fine') };
  return world;
}

async function arrived({ seen }: World): Promise<void> {
  while (seen.length === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
}

test('calls are signed for their region, whatever their method, path and body', async (t) => {
  const queue = await open(t, { endpoint: '/below/' });
  assert.deepEqual(await queue.calls.call(anyCall), {
    kind: 'answered',
    statusCode: 201,
    text: 'fine',
    whole: true,
  });
  assert.deepEqual(queue.seen, ['POST /below/ ü verified']);
  const bucket = await open(t, { service: 's3' });
  await bucket.calls.call({ ...anyCall, method: 'PUT', path: '/b/a.b', body: Buffer.from([0x61]) });
  assert.deepEqual(bucket.seen, ['PUT /b/a.b a verified']);
  assert.equal(bucket.clock.timers, 0);
});

test('of a long answer the beginning is read', async (t) => {
  const world = await open(t);
  world.answer = Buffer.alloc(answerBytesMax, 'a');
  const exactly = { kind: 'answered', statusCode: 201, text: 'a'.repeat(answerBytesMax) };
  assert.deepEqual(await world.calls.call(anyCall), { ...exactly, whole: true });
  world.answer = Buffer.alloc(10_000_000, 'a');
  assert.deepEqual(await world.calls.call(anyCall), { ...exactly, whole: false });
});

test('what is cut off, takes too long or is given up is unanswered, and says which', async (t) => {
  const cut = await open(t);
  cut.answer = 'cut';
  const outcome = await cut.calls.call(anyCall);
  assert.match(JSON.stringify(outcome), /"unanswered","reason":"http:\/\/127\.0\.0\.1:\d+: socket hang up"/);

  const slow = await open(t);
  slow.answer = 'hang';
  const waiting = slow.calls.call({ ...anyCall, waitMs: 20_000 });
  await arrived(slow);
  slow.clock.advance(20_999);
  assert.equal(slow.clock.timers, 1);
  slow.clock.advance(1);
  assert.match(JSON.stringify(await waiting), /no answer in time \(21 s\)/);

  const ended = await open(t);
  ended.answer = 'hang';
  const ending = new AbortController();
  const left = ended.calls.call({ ...anyCall, signal: ending.signal });
  await arrived(ended);
  ending.abort();
  assert.match(JSON.stringify(await left), /given up/);
  assert.match(JSON.stringify(await ended.calls.call({ ...anyCall, signal: ending.signal })), /given up/);
  assert.equal(ended.clock.timers, 0);
});
