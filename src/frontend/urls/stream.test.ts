/** What a streamed answer becomes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BodyCut, type HostAnswer } from '#wire';
import type { StreamedAnswer, StreamFailure } from '../frontend.ts';
import { preludeBytesMax } from './limits.ts';
import { preludeContentType } from './prelude.ts';
import { interpretStream } from './stream.ts';

interface Given {
  readonly chunks?: readonly (string | Uint8Array)[];
  readonly contentType?: string;
  readonly form?: StreamedAnswer['form'];
  /** Before the first byte. */
  readonly failure?: StreamFailure;
  /** After the last. */
  readonly endsWith?: StreamFailure;
}

const failure: StreamFailure = { errorType: 'Error', details: Buffer.from('{}') };

function streamOf({ chunks = [], contentType, form = 'stream', failure, endsWith }: Given) {
  const seen = { cancelled: 0, given: 0 };
  async function* body() {
    for (const chunk of chunks) {
      seen.given += 1;
      yield Buffer.from(chunk);
    }
  }
  const answer: StreamedAnswer = {
    statusCode: 200,
    form,
    ...(contentType !== undefined && { contentType }),
    ...(failure !== undefined && { failure }),
    body: body(),
    ended: Promise.resolve(endsWith === undefined ? {} : { failure: endsWith }),
    cancel: () => (seen.cancelled += 1),
  };
  return { answer, seen };
}

async function textOf({ body }: HostAnswer): Promise<string> {
  if (body === undefined || body instanceof Uint8Array) return Buffer.from(body ?? '').toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function seenOf(given: Given): Promise<unknown> {
  const answer = await interpretStream(streamOf(given).answer);
  return { statusCode: answer.statusCode, headers: answer.headers, body: await textOf(answer) };
}

const nulls = '\0'.repeat(8);

test('a stream without a head is a 200 with the type that the function said', async () => {
  assert.deepEqual(await seenOf({ chunks: ['a', 'b'], contentType: 'text/html' }), {
    statusCode: 200,
    headers: { 'content-type': 'text/html' },
    body: 'ab',
  });
  assert.deepEqual(await seenOf({ chunks: [] }), {
    statusCode: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: '',
  });
});

test('a function that does not stream has its result passed on as it is', async () => {
  assert.deepEqual(await seenOf({ chunks: ['{"statusCode": 404}'], form: 'whole' }), {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"statusCode": 404}',
  });
});

test('a head is read however it is cut into chunks', async () => {
  const head = JSON.stringify({ statusCode: 418, headers: { 'X-A': 'é' }, cookies: ['a=1'] });
  const bytes = Buffer.from(`${head}${nulls}body`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
      const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
      assert.deepEqual(await seenOf({ chunks, contentType: preludeContentType }), {
        statusCode: 418,
        headers: {
          'x-a': Buffer.from('é').toString('latin1'),
          'content-type': 'application/octet-stream',
          'set-cookie': ['a=1'],
        },
        body: 'body',
      });
    }),
  );
});

test('a head that is none, too long, or never ends is a 502, and the function is not waited for', async () => {
  for (const chunks of [
    [`not JSON${nulls}`],
    [`[]${nulls}`],
    [`{"statusCode":99}${nulls}`],
    [`{"headers":{"a b":"c"}}${nulls}`],
    ['{"statusCode":200}', '\0\0'],
    ['x'.repeat(preludeBytesMax + 9), 'more'],
    [],
  ]) {
    const { answer, seen } = streamOf({ chunks, contentType: preludeContentType });
    const { statusCode, body } = await interpretStream(answer);
    assert.deepEqual(
      [statusCode, Buffer.from(body as Uint8Array).toString()],
      [502, 'Internal Server Error'],
    );
    assert.equal(seen.cancelled, 1);
  }
});

test('a function that failed before its first byte is a 502, later its body is cut', async () => {
  const { statusCode } = await interpretStream(streamOf({ failure }).answer);
  assert.equal(statusCode, 502);
  const late = await interpretStream(streamOf({ chunks: ['part'], endsWith: failure }).answer);
  assert.equal(late.statusCode, 200);
  await assert.rejects(textOf(late), BodyCut);
});

test('a reader who leaves cancels the stream, also before the first byte', async () => {
  for (const reads of [0, 1]) {
    const { answer, seen } = streamOf({ chunks: ['a', 'b', 'c'] });
    const { body } = await interpretStream(answer);
    const bytes = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    for (let read = 0; read < reads; read += 1) await bytes.next();
    await bytes.return?.();
    assert.deepEqual(seen, { cancelled: 1, given: reads });
  }
});
