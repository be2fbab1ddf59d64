/** Handlers that stream, as the worker sees them: frames in order, room asked for, and each way in which a stream can go wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameType, streamWindowBytes } from '../channel.ts';
import { launchable } from '../contract/runtimes-here.ts';
import { RunningFunction } from '../contract/running-function.ts';

const streaming = (body: string): string =>
  `import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;

for (const [runtime, launch] of await launchable(['nodejs20.x', 'nodejs22.x', 'nodejs24.x'])) {
  const start = (body: string): Promise<RunningFunction> =>
    RunningFunction.start(launch, 'index.mjs', streaming(body));

  test(`${runtime}: a stream goes out in order with its content type, and again with the next invoke`, async () => {
    await using fn = await start(
      `stream.setContentType('text/plain'); stream.write('a'); stream.write(Buffer.from('b')); stream.write({ c: event.c });
       await new Promise((resolve) => setTimeout(resolve, 5)); stream.end(new Uint8Array([100]));`,
    );
    for (const c of [1, 2]) {
      assert.deepEqual(await fn.host.invoke(JSON.stringify({ c })), {
        kind: 'streamed',
        text: `ab{"c":${c}}d`,
        contentType: 'text/plain',
      });
    }
  });

  test(`${runtime}: pipeline from node:stream, and a stream without a byte`, async () => {
    await using fn = await start(
      `if (event.empty) return void stream.end(); await pipeline(Readable.from(['x', 'y', 'z']), stream);`,
    );
    const contentType = 'application/octet-stream';
    assert.deepEqual(await fn.host.invoke('{}'), { kind: 'streamed', text: 'xyz', contentType });
    assert.deepEqual(await fn.host.invoke('{"empty":1}'), { kind: 'streamed', text: '', contentType });
  });

  test(`${runtime}: HttpResponseStream puts status and headers and eight zeros before the body, also before an empty one`, async () => {
    await using fn = await start(
      `stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, cookies: ['a=b'] });
       if (event.body) stream.write(event.body); stream.end();`,
    );
    const prelude = '{"statusCode":201,"cookies":["a=b"]}\0\0\0\0\0\0\0\0';
    const contentType = 'application/vnd.awslambda.http-integration-response';
    assert.deepEqual(await fn.host.invoke('{"body":"hi"}'), {
      kind: 'streamed',
      text: `${prelude}hi`,
      contentType,
    });
    assert.deepEqual(await fn.host.invoke('{}'), { kind: 'streamed', text: prelude, contentType });
  });

  test(`${runtime}: a failure before the first byte is a plain error, one after it ends the stream`, async () => {
    await using fn = await start(
      `if (event.wrote) stream.write('half'); if (event.wait) await null; throw new TypeError('broke');`,
    );
    const early = await fn.host.invoke('{}');
    assert.equal(early.kind, 'error');
    assert.match(early.text, /"errorType":"TypeError","errorMessage":"broke"/);
    for (const wait of [true, false]) {
      const late = await fn.host.invoke(JSON.stringify({ wrote: true, wait }));
      assert.equal(late.kind, 'stream-error');
      assert.equal(late.before, 'half');
      assert.match(late.text, /"errorType":"TypeError"/);
    }
    assert.match(fn.host.logs.at(-1)?.text ?? '', /Invoke Error/);
  });

  test(`${runtime}: a stream that is destroyed, or written to after its end`, async () => {
    await using fn = await start(
      `stream.write('a');
       if (event.destroy === 'error') { stream.destroy(new RangeError('torn')); return; }
       if (event.destroy) { stream.destroy(); return; }
       stream.end(); try { stream.write('late'); } catch {}`,
    );
    const torn = await fn.host.invoke('{"destroy":"error"}');
    assert.deepEqual([torn.kind, torn.before], ['stream-error', 'a']);
    assert.match(torn.text, /RangeError/);
    const cut = await fn.host.invoke('{"destroy":true}');
    assert.deepEqual([cut.kind, cut.before], ['stream-error', 'a']);
    assert.match(cut.text, /Runtime\.TruncatedResponse/);
    const late = await fn.host.invoke('{}');
    assert.equal(late.before ?? late.text, 'a');
  });

  test(`${runtime}: a crash in the middle is told, and ends the process`, async () => {
    await using fn = await start(
      `stream.write('a'); setTimeout(() => { throw new Error('crashed'); }, 1); await new Promise(() => {});`,
    );
    const answer = await fn.host.invoke('{}');
    assert.deepEqual([answer.kind, answer.before], ['fatal', 'a']);
    assert.equal((await fn.host.exited).code, 129);
  });

  test(`${runtime}: after a window it waits for room without holding up the event loop`, async () => {
    await using fn = await start(
      `const part = Buffer.alloc(16 * 1024, 'x'); let ticks = 0; const timer = setInterval(() => ticks++, 1);
       let drained = 0;
       for (let i = 0; i < 64; i++) if (!stream.write(part)) { await new Promise((go) => stream.once('drain', go)); drained++; }
       clearInterval(timer); stream.end(JSON.stringify({ ticks, drained }));`,
    );
    const { host } = fn;
    host.send(FrameType.invoke, ...invokeBody());
    assert.equal((await host.next())?.type, FrameType.streamStart);
    let sentBytes = 0;
    let tail = '';
    let pauses = 0;
    for (;;) {
      const frame = await host.next();
      if (frame?.type === FrameType.streamChunk) {
        sentBytes += frame.body.length;
        tail = frame.body.toString();
      } else if (frame?.type === FrameType.streamPause) {
        pauses += 1;
        assert.ok(sentBytes <= pauses * (streamWindowBytes + 64 * 1024), `${sentBytes} after ${pauses}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        host.send(FrameType.room);
      } else {
        assert.equal(frame?.type, FrameType.streamEnd);
        break;
      }
    }
    assert.equal((await host.next())?.type, FrameType.ready);
    const { ticks, drained } = JSON.parse(tail) as { ticks: number; drained: number };
    assert.ok(pauses >= 3 && ticks >= 3 && drained > 0, JSON.stringify({ pauses, ticks, drained }));
  });

  test(`${runtime}: a process that wants to end while it waits for room asks again and does`, async () => {
    await using fn = await start(
      `stream.write(Buffer.alloc(1024 * 1024)); setTimeout(() => process.exit(7), 20); await new Promise(() => {});`,
    );
    const { host } = fn;
    host.send(FrameType.invoke, ...invokeBody());
    let pauses = 0;
    while (pauses < 2) {
      const frame = await host.next();
      if (frame?.type === FrameType.streamPause) pauses += 1;
    }
    host.send(FrameType.room);
    assert.equal((await host.exited).code, 7);
  });

  test(`${runtime}: what an earlier invoke writes late does not get into the next one`, async () => {
    await using fn = await start(
      `if (event.first) { globalThis.old = stream; stream.write('1'); throw new Error('x'); }
       globalThis.old.write('old'); stream.write('2'); await new Promise((go) => setTimeout(go, 5)); stream.end();`,
    );
    assert.equal((await fn.host.invoke('{"first":true}')).kind, 'stream-error');
    const second = await fn.host.invoke('{}');
    assert.deepEqual([second.kind, second.text], ['streamed', '2']);
  });

  test(`${runtime}: a handler that is not async is refused; the content type cannot change once bytes are out`, async () => {
    await using fn = await RunningFunction.start(
      launch,
      'index.cjs',
      `exports.handler = awslambda.streamifyResponse((event, stream) => {
         if (event.type) { stream.write('a'); stream.setContentType('b'); } });`,
    );
    assert.match((await fn.host.invoke('{}')).text, /Streaming does not support non-async handlers/);
    assert.match((await fn.host.invoke('{"type":1}')).text, /Cannot set content-type, too late/);
  });
}

function invokeBody(): readonly Uint8Array[] {
  const header = Buffer.from(
    JSON.stringify({ requestId: 'r', deadlineMs: Date.now() + 9_000, invokedArn: 'arn', traceId: 'Root=1' }),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32BE(header.length);
  return [size, header, Buffer.from('{}')];
}
