/** Event streams as AWS's own codec reads them, made only as fast as they are read. */
import { EventStreamCodec } from '@smithy/core/event-streams';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { StructureShape } from '../operations/shape.ts';
import { encodeEvents } from './events.ts';
import { encodeHeaders, encodeMessage } from './message.ts';

const codec = new EventStreamCodec(
  (input) => Buffer.from(input as Uint8Array).toString(),
  (input) => Buffer.from(input),
);

const shape: StructureShape = {
  type: 'structure',
  stream: true,
  members: {
    Chunk: { shape: { type: 'structure', members: { Bytes: { shape: { type: 'blob' }, place: 'event' } } } },
    End: { shape: { type: 'structure', members: { Code: { shape: { type: 'string' } } } } },
  },
};

test("what is encoded is what AWS's codec decodes", () => {
  const name = fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), fc.uint8Array({ maxLength: 2_000 }), (headers, payload) => {
      const { headers: decoded, body } = codec.decode(encodeMessage(encodeHeaders(headers), payload));
      assert.deepEqual(Buffer.from(body), Buffer.from(payload));
      const values = Object.entries(decoded).map(([key, { value }]) => [key, value]);
      assert.deepEqual(new Map(values as [string, string][]), new Map(Object.entries(headers)));
    }),
    { numRuns: 100, seed: 2026 },
  );
});

async function decoded(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const message of encodeEvents(shape, events, 'Stream')) {
    const { headers, body } = codec.decode(message);
    const texts = Object.fromEntries(Object.entries(headers).map(([key, { value }]) => [key, value]));
    all.push([texts, Buffer.from(body).toString()]);
  }
  return all;
}

async function* someEvents(): AsyncGenerator<object> {
  yield { Chunk: { Bytes: Buffer.from('a\0b') } };
  yield { Chunk: {} };
  yield { End: { Code: 'x', Nothing: undefined } };
}

test('an event names itself; it carries raw bytes, or its members as JSON', async () => {
  const chunk = {
    ':event-type': 'Chunk',
    ':content-type': 'application/octet-stream',
    ':message-type': 'event',
  };
  const end = { ':event-type': 'End', ':content-type': 'application/json', ':message-type': 'event' };
  assert.deepEqual(await decoded(someEvents()), [
    [chunk, 'a\0b'],
    [chunk, ''],
    [end, '{"Code":"x"}'],
  ]);
});

test('an event that the stream does not have is a fault of ours', async () => {
  for (const event of [{ Other: {} }, {}, 'text', { Chunk: { Bytes: 'text' } }, { Chunk: {}, End: {} }]) {
    const events = async function* () {
      yield event;
    };
    await assert.rejects(decoded(events()));
  }
  assert.throws(() => encodeEvents(shape, [], 'Stream'));
});

test('events are made as they are read, and no more once the reader leaves', async () => {
  let made = 0;
  let left = false;
  const events = async function* () {
    try {
      for (;;) yield { End: { Code: String((made += 1)) } };
    } finally {
      left = true;
    }
  };
  const reader = encodeEvents(shape, events(), 'Stream')[Symbol.asyncIterator]();
  assert.equal(made, 0);
  await reader.next();
  await reader.next();
  assert.equal(made, 2);
  await reader.return?.();
  assert.deepEqual([made, left], [2, true]);
});
