/** InvokeWithResponseStream over real counting and assignment: its events, how long it holds its slot, and readers who leave. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import type { Output } from '#wire';
import type { AnswerStream, StreamEnd } from '#worker';
import { openWorld } from './fixtures/world.ts';
import { context } from '#wire/fixtures';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A function's stream, as its worker hands it out. */
function streamOf(chunks: readonly string[]) {
  const end = Promise.withResolvers<StreamEnd>();
  let cancelled = 0;
  const stream: AnswerStream = {
    contentType: 'text/plain',
    body: (async function* () {
      for (const chunk of chunks) yield bytes(chunk);
    })(),
    ended: end.promise,
    cancel: () => (cancelled += 1),
  };
  return { stream, end: end.resolve, cancelled: () => cancelled };
}

async function world(limit = 1) {
  const { worker, handlers } = await openWorld({ limit });
  const { InvokeWithResponseStream } = handlers;
  assert.ok(InvokeWithResponseStream);
  const invoke = async (input: Record<string, unknown> = {}): Promise<Output> =>
    InvokeWithResponseStream({ FunctionName: 'hello', ...input }, context);
  return { worker, invoke };
}

const reader = (output: Output): AsyncIterator<Output> =>
  (output['EventStream'] as AsyncIterable<Output>)[Symbol.asyncIterator]();

async function eventsOf(output: Output): Promise<readonly Output[]> {
  const events: Output[] = [];
  const stream = reader(output);
  for (let next = await stream.next(); next.done !== true; next = await stream.next())
    events.push(next.value);
  return events;
}

const chunk = (text: string): Output => ({ PayloadChunk: { Payload: bytes(text) } });
const complete = (more: object = {}): Output => ({ InvokeComplete: { LogResult: undefined, ...more } });

test('a stream becomes a chunk for each piece, and an end', async () => {
  const { worker, invoke } = await world();
  const { stream, end } = streamOf(['a', 'b']);
  worker.onInvokeStreaming = () => ({ kind: 'streaming', stream });
  const output = await invoke();
  assert.deepEqual([output['StatusCode'], output['ExecutedVersion']], [200, '$LATEST']);
  end({ logTail: bytes('tail') });
  assert.deepEqual(await eventsOf(output), [
    chunk('a'),
    chunk('b'),
    complete({ LogResult: Buffer.from('tail').toString('base64') }),
  ]);
});

test('a failure on the way is told at the end', async () => {
  const { worker, invoke } = await world();
  const { stream, end } = streamOf(['a']);
  worker.onInvokeStreaming = () => ({ kind: 'streaming', stream });
  const output = await invoke();
  end({ failure: { errorType: 'Sandbox.Timedout', payload: bytes('{"errorType":"Sandbox.Timedout"}') } });
  assert.deepEqual(await eventsOf(output), [
    chunk('a'),
    complete({ ErrorCode: 'Unhandled', ErrorDetails: '{"errorType":"Sandbox.Timedout"}' }),
  ]);
});

test('a whole answer is one chunk; a whole failure is none', async () => {
  const { worker, invoke } = await world();
  assert.deepEqual(await eventsOf(await invoke({ Payload: bytes('{"x":1}') })), [
    chunk('{"x":1}'),
    complete(),
  ]);
  worker.onInvoke = () => ({
    kind: 'answered',
    payload: bytes('{"errorType":"E"}'),
    functionError: 'Unhandled',
  });
  const failed = complete({ ErrorCode: 'Unhandled', ErrorDetails: '{"errorType":"E"}' });
  assert.deepEqual(await eventsOf(await invoke()), [failed]);
  worker.onInvoke = () => ({ kind: 'answered', payload: bytes('no json'), functionError: 'Unhandled' });
  const odd = complete({ ErrorCode: 'Unhandled', ErrorDetails: 'no json' });
  assert.deepEqual(await eventsOf(await invoke()), [odd]);
});

test('the slot is held until the function has ended, and no longer', async () => {
  const { worker, invoke } = await world();
  const { stream, end } = streamOf(['a']);
  worker.onInvokeStreaming = () => ({ kind: 'streaming', stream });
  const output = await invoke();
  const events = reader(output);
  await events.next();
  await assert.rejects(invoke(), { errorName: 'TooManyRequestsException' });
  end({});
  await setImmediate();
  worker.onInvokeStreaming = undefined;
  await invoke();
  assert.deepEqual((await events.next()).value, complete());
  assert.equal((await events.next()).done, true);
});

test('a client that leaves cancels the stream; its slot is held until the function ends', async () => {
  const { worker, invoke } = await world();
  const { stream, end, cancelled } = streamOf(['a', 'b']);
  worker.onInvokeStreaming = () => ({ kind: 'streaming', stream });
  const events = reader(await invoke());
  await events.return?.();
  assert.equal(cancelled(), 1);
  assert.equal((await events.next()).done, true);
  await assert.rejects(invoke(), { errorName: 'TooManyRequestsException' });
  end({});
  await setImmediate();
  worker.onInvokeStreaming = undefined;
  await invoke();
});

test('an environment that was gone is replaced before anything was streamed', async () => {
  const { worker, invoke } = await world();
  const { stream, end } = streamOf(['a']);
  let tries = 0;
  worker.onInvoke = () => ({ kind: 'not-started' });
  worker.onInvokeStreaming = () =>
    (tries += 1) < 3 ? { kind: 'not-started' } : { kind: 'streaming', stream };
  const output = await invoke();
  end({});
  assert.deepEqual(await eventsOf(output), [chunk('a'), complete()]);
  assert.equal(tries, 3);
});

test('DryRun answers 204, and what is not served is refused by name', async () => {
  const { worker, invoke } = await world();
  const output = await invoke({ InvocationType: 'DryRun' });
  assert.equal(output['StatusCode'], 204);
  assert.equal(worker.invoked.length, 0);
  await assert.rejects(invoke({ TenantId: 'blue' }), /InvokeWithResponseStream with TenantId/);
  await assert.rejects(invoke({ Payload: bytes('{') }), { errorName: 'InvalidRequestContentException' });
  await assert.rejects(invoke({ FunctionName: 'nobody' }), { errorName: 'ResourceNotFoundException' });
});
