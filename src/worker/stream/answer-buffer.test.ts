/** A streamed answer between writer and reader: in order, at the rate that is allowed, in bounded memory, and with a reader who may go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import { streamChunkOverheadBytes, streamWindowBytes } from '../limits.ts';
import type { StreamEnd } from '../worker.ts';
import { AnswerBuffer, type StreamLimits } from './answer-buffer.ts';

const kib = 1024;
const limits: StreamLimits = {
  streamBytesMax: 100_000 * kib,
  streamBurstBytes: 100_000 * kib,
  streamBytesPerSecond: 1_000 * kib,
};

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A buffer with a reader who takes everything at once. */
function read(over: Partial<StreamLimits> = {}) {
  const clock = new FakeClock();
  const buffer = new AnswerBuffer('text/plain', clock, { ...limits, ...over });
  const pieces: Uint8Array[] = [];
  const done = (async () => {
    for await (const piece of buffer.body) pieces.push(piece);
  })();
  return { clock, buffer, done, pieces, bytesRead: () => Buffer.concat(pieces).length };
}

test('bytes come out as they were pushed, however they were cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), fc.boolean(), async (chunks, waits) => {
      const { buffer, done, pieces } = read();
      for (const chunk of chunks) {
        assert.ok(buffer.push(chunk));
        if (waits) await Promise.resolve();
      }
      buffer.end({});
      await done;
      assert.deepEqual(Buffer.concat(pieces), Buffer.concat(chunks));
      assert.equal(buffer.heldBytes, 0);
    }),
    { numRuns: 50, seed: 2026 },
  );
});

test('the first byte does not wait for anything', async () => {
  const { buffer, pieces, done } = read();
  buffer.push(Buffer.from('a'));
  await turns();
  assert.equal(pieces.length, 1);
  buffer.end({});
  await done;
});

test('large chunks are cut into pieces, small ones that wait are joined', async () => {
  const { buffer, pieces, done } = read();
  buffer.push(Buffer.alloc(150 * kib));
  for (let count = 0; count < 10; count += 1) buffer.push(Buffer.from('x'));
  buffer.end({});
  await done;
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [64 * kib, 64 * kib, 22 * kib + 10],
  );
});

test('after the burst it comes at the rate', async () => {
  const { clock, buffer, done, bytesRead } = read({
    streamBurstBytes: 128 * kib,
    streamBytesPerSecond: 64 * kib,
  });
  for (let count = 0; count < 6; count += 1) buffer.push(Buffer.alloc(64 * kib));
  buffer.end({});
  await turns();
  assert.equal(bytesRead(), 128 * kib);
  for (const expected of [192, 256, 320, 384]) {
    clock.advance(990);
    await turns();
    assert.equal(bytesRead(), (expected - 64) * kib);
    clock.advance(10);
    await turns();
    assert.equal(bytesRead(), expected * kib);
  }
  await done;
});

test('a rate or burst that is smaller than a piece is kept too', async () => {
  const { clock, buffer, done, bytesRead } = read({ streamBurstBytes: kib, streamBytesPerSecond: kib });
  buffer.push(Buffer.alloc(3 * kib));
  buffer.end({});
  await turns();
  assert.equal(bytesRead(), kib);
  clock.advance(1_000);
  await turns();
  assert.equal(bytesRead(), 2 * kib);
  clock.advance(1_000);
  await done;
  assert.equal(bytesRead(), 3 * kib);
});

test('the writer waits once a window is full, until half of it was read', async () => {
  const buffer = new AnswerBuffer('text/plain', new FakeClock(), limits);
  let rooms = 0;
  const push = (bytes: number): void => {
    buffer.push(Buffer.alloc(bytes));
    buffer.whenRoom(() => (rooms += 1));
  };
  push(streamWindowBytes / 2);
  assert.equal(rooms, 1);
  push(streamWindowBytes / 2);
  push(0);
  assert.equal(rooms, 1);
  const reader = buffer.body[Symbol.asyncIterator]();
  await reader.next();
  assert.equal(rooms, 1);
  await reader.next();
  await reader.next();
  assert.equal(rooms, 3);
});

test('what a chunk costs besides its bytes counts, and a chunk keeps no more than itself', () => {
  const buffer = new AnswerBuffer('text/plain', new FakeClock(), limits);
  const large = Buffer.alloc(64 * kib);
  for (let count = 0; count < 100; count += 1) buffer.push(large.subarray(count, count + 1));
  assert.equal(buffer.heldBytes, 100 * (1 + streamChunkOverheadBytes));
});

test('an answer that becomes too long takes no more', () => {
  const buffer = new AnswerBuffer('text/plain', new FakeClock(), { ...limits, streamBytesMax: 10 });
  assert.equal(buffer.push(Buffer.alloc(10)), true);
  assert.equal(buffer.push(Buffer.alloc(1)), false);
  assert.equal(buffer.sizeBytes, 11);
});

test('once nobody reads, everything is thrown away and the writer never waits', async () => {
  for (const how of ['cancel', 'return'] as const) {
    const buffer = new AnswerBuffer('text/plain', new FakeClock(), limits);
    let rooms = 0;
    buffer.push(Buffer.alloc(streamWindowBytes));
    buffer.whenRoom(() => (rooms += 1));
    const reader = buffer.body[Symbol.asyncIterator]();
    await reader.next();
    if (how === 'cancel') buffer.cancel();
    else await reader.return?.();
    assert.equal(rooms, 1);
    for (let count = 0; count < 100; count += 1) {
      assert.ok(buffer.push(Buffer.alloc(streamWindowBytes)));
      buffer.whenRoom(() => (rooms += 1));
    }
    assert.deepEqual([rooms, buffer.heldBytes], [101, 0]);
    assert.equal((await reader.next()).done, true);
    buffer.end({});
    assert.deepEqual(await buffer.ended, {});
  }
});

test('a cancel ends a reader who waits, for bytes or for the rate', async () => {
  for (const bytes of [0, 100]) {
    const { buffer, done } = read({ streamBurstBytes: 60, streamBytesPerSecond: 1 });
    buffer.push(Buffer.alloc(bytes));
    await turns();
    buffer.cancel();
    await done;
  }
});

test('the end is told at once, and once; what was pushed before can still be read', async () => {
  const clock = new FakeClock();
  const buffer = new AnswerBuffer('text/plain', clock, limits);
  buffer.push(Buffer.from('left'));
  const failure = { errorType: 'Sandbox.Timedout', payload: Buffer.from('{}') };
  const end: StreamEnd = { failure };
  buffer.end(end);
  buffer.end({});
  assert.equal(await buffer.ended, end);
  const pieces: Uint8Array[] = [];
  for await (const piece of buffer.body) pieces.push(piece);
  assert.equal(Buffer.concat(pieces).toString(), 'left');
  assert.throws(() => buffer.push(Buffer.from('late')));
});
