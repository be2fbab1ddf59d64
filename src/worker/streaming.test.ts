/** Streamed answers through a real worker, from runtimes on the HTTP Runtime API that stream well, badly, or not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, startStreaming, type Streamed } from './fixtures/streamed.ts';
import { World } from './fixtures/world.ts';

const mib = 1024 * 1024;
const octets = 'application/octet-stream';
const streamed = (text: string, rest: Partial<Streamed> = {}): Streamed => ({
  kind: 'streaming',
  contentType: octets,
  text,
  ...rest,
});

test('a stream arrives as it is written, with its content type, and the environment goes on', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  const headers = { 'Content-Type': 'text/html; charset=utf-8' };
  for (let time = 0; time < 2; time += 1) {
    const answer = await fn.stream({ do: 'stream', headers });
    assert.deepEqual(answer, streamed('ab', { contentType: headers['Content-Type'] }));
    assert.deepEqual(await fn.stream({ do: 'stream', parts: [] }), streamed(''));
  }
  assert.deepEqual(await fn.statuses(), [202]);
  assert.match(
    world.log,
    /START RequestId: r1 [^]*END RequestId: r1\nREPORT RequestId: r1\tDuration: .*MB\t/,
  );
  assert.deepEqual(await fn.stream({ x: 1 }), { kind: 'answered', text: '{"x":1}' });
});

test('a stream to a caller who wants a whole answer is collected, and its failure is a plain one', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  assert.equal(await fn.invoke({ do: 'stream' }), 'ab');
  const body = '{"errorType":"Broken","errorMessage":"so it is"}';
  const trailers = {
    'Lambda-Runtime-Function-Error-Type': 'Function.Broken',
    'Lambda-Runtime-Function-Error-Body': Buffer.from(body).toString('base64'),
  };
  const headers = { Trailer: Object.keys(trailers).join(', ') };
  const failing = { do: 'stream', headers, trailers };
  assert.equal(await fn.invoke(failing), body);
  assert.deepEqual(await fn.stream(failing), streamed('ab', { errorType: 'Function.Broken' }));
  assert.deepEqual(await fn.statuses(), [202]);
});

test('a flood is cut when nobody wants more of it, and the next invoke is served', async () => {
  await using world = new World();
  const fn = await startStreaming(world, { limits: { streamBytesMax: mib } });
  const flood = { do: 'flood', bytes: 10 * 1024 * mib };
  const answer = await fn.stream(flood);
  assert.deepEqual([answer.text.length <= mib, answer.errorType], [true, 'Function.ResponseSizeTooLarge']);
  const [, bytes] = (await fn.statuses()) as [unknown, number];
  assert.ok(bytes < 80 * mib, `${bytes} bytes were taken`);
  assert.match(await fn.invoke(flood), /Response payload size \(\d+ bytes\) exceeded .* \(6291556 bytes\)/);
  const [, again] = (await fn.statuses()) as [unknown, number];
  assert.ok(again < 90 * mib, `${again} bytes were taken`);
  // A little too long: read to its end, and refused.
  const over = await fn.stream({ do: 'flood', bytes: 2 * mib });
  assert.equal(over.errorType, 'Function.ResponseSizeTooLarge');
  assert.deepEqual(await fn.statuses(), [413, 2 * mib]);
  assert.deepEqual(await fn.stream({ do: 'flood', bytes: mib }), streamed('\0'.repeat(mib)));
});

test('a second answer is refused, after the first and while it is under way', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  assert.deepEqual(await fn.stream({ do: 'twice' }), streamed('first'));
  assert.deepEqual(await fn.statuses(), [202, 400, 400]);
  assert.deepEqual(await fn.stream({ do: 'both' }), streamed('one!'));
  assert.deepEqual(await fn.statuses(), [403, 403, 403, 202]);
});

test('an answer to another invoke is refused and changes nothing', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  assert.deepEqual(await fn.stream({ do: 'wrong-id' }), streamed('right'));
  assert.deepEqual(await fn.statuses(), [400, 404, 202]);
});

test('no answer, and half of one, end at the timeout with what came', async () => {
  for (const [how, expected] of [
    ['never', { kind: 'answered', text: '' }],
    ['half-and-hang', streamed('half', { errorType: 'Sandbox.Timedout' })],
  ] as const) {
    await using world = new World();
    const fn = await startStreaming(world);
    const outcome = fn.start({ do: how });
    if (how === 'half-and-hang') {
      const started = await outcome;
      assert.ok(started.kind === 'streaming');
      const reader = started.stream.body[Symbol.asyncIterator]();
      assert.equal(Buffer.from((await reader.next()).value ?? []).toString(), 'half');
      world.clock.leap(3_000);
      assert.equal((await reader.next()).done, true);
      assert.equal((await started.stream.ended).failure?.errorType, 'Sandbox.Timedout');
    } else {
      await world.until(() => world.log.includes('START'));
      world.clock.leap(3_000);
      assert.match((await read(await outcome)).text, /Task timed out after 3\.00 seconds/);
      assert.equal((await outcome).kind, expected.kind);
    }
    await world.until(() => world.events.at(-1)?.kind === 'gone');
    assert.match(world.log, /Task timed out[^]*END [^]*REPORT .*Duration: 3000\.00 ms.*Status: timeout\n$/);
    assert.deepEqual(world.directories, []);
  }
});

test('a runtime that dies on the way is told with what came before', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  const { text, errorType = '' } = await fn.stream({ do: 'half-and-exit' });
  assert.equal(text, 'half');
  // Its connection may be seen to end before itself.
  assert.match(errorType, /^Runtime\.(TruncatedResponse|ExitError)$/);
  await world.until(() => world.events.at(-1)?.kind === 'gone');
  assert.match(world.log, /exit status 5\nRuntime\.ExitError\nEND [^]*Error Type: Runtime\.ExitError\n$/);
});

test('uploads that are cut or malformed are truncated answers, and the environment goes on', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  const truncated = (text: string): Streamed => streamed(text, { errorType: 'Runtime.TruncatedResponse' });
  assert.deepEqual(await fn.stream({ do: 'half-and-cut' }), truncated('half'));
  const chunked = 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
  for (const [text, expected] of [
    [`${chunked}nonsense\r\n`, 'half'],
    [`${chunked}ffffffffffffffffff\r\nx`, 'half'],
    [`${chunked}2\r\nabcdef\r\n`, 'halfab'],
    [`${chunked}0\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 'half'],
  ] as const) {
    assert.deepEqual(await fn.stream({ do: 'raw', text }), truncated(expected), text.slice(0, 80));
    assert.match(JSON.stringify(await fn.statuses()), /^\["(400|431|cut)"\]$/);
  }
  assert.deepEqual(await fn.stream({ do: 'stream' }), streamed('ab'));
  assert.deepEqual(world.warnings, []);
});

test('a reader who stops reading stops the runtime; one who leaves does not', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  const bytes = 64 * mib;
  const outcome = await fn.start({ do: 'flood', bytes });
  assert.ok(outcome.kind === 'streaming');
  const { body, ended } = outcome.stream;
  let over = false;
  void ended.then(() => (over = true));
  const reader = body[Symbol.asyncIterator]();
  let readBytes = 0;
  while (readBytes < mib) readBytes += (await reader.next()).value?.length ?? 0;
  const memoryBytes = process.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(over, false, 'it waits for its reader');
  const grownBytes = process.memoryUsage().rss - memoryBytes;
  // Of what would come: the rest is what a garbage collection has not come to yet.
  assert.ok(grownBytes < bytes / 2, `${grownBytes} bytes more while nobody reads`);
  outcome.stream.cancel();
  assert.deepEqual(await ended, {});
  assert.deepEqual(await fn.statuses(), [202, bytes]);
  assert.deepEqual(await fn.stream({ do: 'stream' }), streamed('ab'));
});

test('an environment that is destroyed in the middle of a stream ends it', async () => {
  await using world = new World();
  const fn = await startStreaming(world);
  const outcome = await fn.start({ do: 'half-and-hang' });
  await fn.worker.destroy(fn.environmentId);
  assert.deepEqual(await read(outcome), streamed('half', { errorType: 'Runtime.ExitError' }));
  assert.deepEqual(await fn.worker.invokeStreaming(fn.environmentId, world.request(1)), {
    kind: 'not-started',
  });
});
