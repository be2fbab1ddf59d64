/** The private channel, as a worker hears it: streams in order, room for room, and whoever breaks the protocol is broken. */
import assert from 'node:assert/strict';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { FrameType } from '#runtimes';
import type { RuntimeSays } from '../environment/runtime.ts';
import { responseBytesMax, streamChunkBytesMax } from '../limits.ts';
import { frameHead } from './frames.ts';
import { ChannelLink } from './link.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const start = '{"contentType":"text/plain"}';

/** A bootstrap that is at an invoke. */
async function busy() {
  const [orders, reading] = duplexPair();
  const [answers, far] = duplexPair();
  const said: RuntimeSays[] = [];
  let got = Buffer.alloc(0);
  reading.on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk])));
  const link = new ChannelLink(
    { orders, answers },
    (message) => said.push(message),
    () => {},
  );
  const send = async (type: number, body: string | Buffer = ''): Promise<void> => {
    const bytes = Buffer.from(body);
    far.write(Buffer.concat([frameHead(type, bytes.length), bytes]));
    await turn();
  };
  link.init({ env: {}, handler: 'h', taskRoot: '/' });
  await send(FrameType.ready);
  link.invoke({ requestId: 'r', payload: Buffer.from('{}'), invokedArn: '', traceId: '', deadlineMs: 0 });
  await turn();
  said.length = 0;
  got = Buffer.alloc(0);
  return {
    link,
    orders,
    reading,
    said,
    send,
    kinds: () => said.map(({ kind }) => kind),
    got: () => [...got],
  };
}

const room = [0, 0, 0, 1, FrameType.room];

test('a stream is told from its start to its end; then the runtime is ready', async () => {
  const { said, send, kinds } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.streamChunk, 'a');
  await send(FrameType.streamChunk, Buffer.alloc(streamChunkBytesMax));
  await send(FrameType.streamEnd);
  await send(FrameType.ready);
  assert.deepEqual(kinds(), ['stream-start', 'stream-chunk', 'stream-chunk', 'stream-end', 'ready']);
  assert.deepEqual(said[0], { kind: 'stream-start', contentType: 'text/plain' });
});

test('each pause is answered once, when there is room', async () => {
  const { said, send, got } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.streamPause);
  const paused = said.at(-1);
  assert.ok(paused?.kind === 'stream-chunk' && paused.bytes.length === 0);
  assert.deepEqual(got(), []);
  paused.more('wanted');
  paused.more('wanted');
  await turn();
  assert.deepEqual(got(), room);
});

test('a second pause is a process that wants to end: answered at once', async () => {
  const { send, got } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.streamPause);
  await send(FrameType.streamPause);
  assert.deepEqual(got(), room);
});

test('a process that cannot go on is let go, also while it waits for room', async () => {
  const { send, got, kinds, said } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.fatal, '{"errorType":"Gone"}');
  assert.deepEqual(kinds(), ['stream-start', 'stream-failure']);
  assert.ok(said[1]?.kind === 'stream-failure' && said[1].errorType === 'Gone');
  await send(FrameType.streamPause);
  assert.deepEqual(got(), room);
});

test('an error ends a stream, and the runtime goes on', async () => {
  const { said, send, kinds } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.streamError, '{"errorType":"Broken"}');
  await send(FrameType.ready);
  assert.deepEqual(kinds(), ['stream-start', 'stream-failure', 'ready']);
  assert.ok(said[1]?.kind === 'stream-failure' && said[1].errorType === 'Broken');
});

test('what is out of turn, too large or nonsense is broken, and nothing after it counts', async () => {
  const { streamStart, streamChunk, streamPause, streamEnd, streamError, response, ready } = FrameType;
  const broken: readonly (readonly (readonly [number, (string | Buffer)?])[])[] = [
    [[streamChunk, 'a']],
    [[streamEnd]],
    [[streamPause]],
    [[streamError, '{}']],
    [[ready]],
    [[streamStart, 'nonsense']],
    [[streamStart, '{}']],
    [[streamStart, '{"contentType":"a\\nb"}']],
    [[streamStart, `{"contentType":"${'x'.repeat(10_000)}"}`]],
    [
      [streamStart, start],
      [streamStart, start],
    ],
    [
      [streamStart, start],
      [response, '1'],
    ],
    [[streamStart, start], [ready]],
    [[streamStart, start], [streamPause], [streamEnd]],
    [[streamStart, start], [streamPause], [streamError, '{}']],
    [
      [streamStart, start],
      [streamChunk, Buffer.alloc(streamChunkBytesMax + 1)],
    ],
    [[streamStart, start], [streamEnd], [streamChunk, 'a']],
    [[streamStart, start], [streamEnd], [response, '1']],
    [
      [response, '1'],
      [streamStart, start],
    ],
    [
      [streamStart, start],
      [FrameType.notStarted, ''],
    ],
    [
      [response, '1'],
      [FrameType.notStarted, ''],
    ],
    [[FrameType.room]],
    [[99]],
  ];
  for (const frames of broken) {
    const { send, kinds } = await busy();
    for (const [type, body] of frames) await send(type, body);
    assert.equal(kinds().at(-1), 'broken', JSON.stringify(frames).slice(0, 200));
    const before = kinds().length;
    await send(streamChunk, 'late');
    await send(response, 'late');
    assert.equal(kinds().length, before);
  }
});

async function reset(orders: Duplex): Promise<void> {
  orders.destroy(new Error('read ECONNRESET'));
  await turn();
}

test('a process that dies with the invoke unread never had it; with something else unread it may have', async () => {
  const unread = await busy();
  await reset(unread.orders);
  assert.deepEqual(unread.kinds(), ['unsent']);
  const told = await busy();
  await told.send(FrameType.notStarted);
  await told.send(FrameType.notStarted);
  assert.deepEqual(told.kinds(), ['unsent']);
  const read = await busy();
  read.link.awake();
  await reset(read.orders);
  assert.deepEqual(read.kinds(), []);
  const answered = await busy();
  await answered.send(FrameType.response, '1');
  await reset(answered.orders);
  assert.deepEqual(answered.kinds(), ['response', 'ready']);
});

test('each socket goes one way: words where a runtime is to listen are broken', async () => {
  const { reading, kinds } = await busy();
  reading.write(Buffer.concat([frameHead(FrameType.response, 1), Buffer.from('1')]));
  await turn();
  assert.deepEqual(kinds(), ['broken']);
});

test('a stream error of any length is kept to what a response may have', async () => {
  const { said, send } = await busy();
  await send(FrameType.streamStart, start);
  await send(FrameType.streamError, Buffer.alloc(responseBytesMax + 10, 'x'));
  const failure = said.at(-1);
  assert.ok(failure?.kind === 'stream-failure' && failure.payload.length <= responseBytesMax);
  assert.equal(failure.errorType, 'Runtime.Unknown');
});
