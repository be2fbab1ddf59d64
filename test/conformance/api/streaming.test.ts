/** InvokeWithResponseStream and plain Invoke, of functions that stream and of functions that do not. */
import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamCommandInput,
  type InvokeWithResponseStreamCompleteEvent,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../../archive.ts';
import { openTarget, type Target } from '../../target.ts';

const source = `
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  console.log('streaming for', context.awsRequestId);
  switch (event.do) {
    case 'throw-first': throw new TypeError('before the first byte');
    case 'http':
      stream = awslambda.HttpResponseStream.from(stream, { statusCode: 418, headers: { 'x-a': 'b' } });
      stream.write('tea');
      return void stream.end();
    case 'pipeline': return pipeline(Readable.from(['p', 'q', 'r']), stream);
    case 'bytes': return void stream.end(Buffer.alloc(event.bytes, 'x'));
    case 'nothing': return void stream.end();
    case 'hang':
      stream.write('a');
      await new Promise(() => setInterval(() => {}, 1000));
    case 'throw':
      stream.write('a');
      await pause();
      throw new RangeError('after it');
    case 'exit':
      stream.write('a');
      await pause();
      process.exit(3);
    case 'destroy':
      stream.write('a');
      await pause();
      return void stream.destroy(new Error('torn'));
    default:
      stream.setContentType('text/plain');
      for (const part of ['one', 'two', 'three']) {
        stream.write(part);
        await pause();
      }
      stream.end();
  }
});`;

let target: Target;
let streaming: string;
let buffered: string;
before(async () => {
  target = await openTarget();
  streaming = await target.createFunction({
    Timeout: 2,
    Code: { ZipFile: await archive({ 'index.mjs': source }) },
  });
  buffered = await target.createFunction({
    Code: {
      ZipFile: await archive({
        'index.mjs': `export const handler = async (event) => { if (event.fail) throw new Error('failed'); return event; };`,
      }),
    },
  });
});
after(() => target.close());

interface Streamed {
  readonly statusCode: number | undefined;
  readonly executedVersion: string | undefined;
  readonly contentType: string | undefined;
  readonly chunks: readonly string[];
  readonly end: InvokeWithResponseStreamCompleteEvent | undefined;
}

async function stream(
  FunctionName: string,
  event: unknown,
  more: Partial<InvokeWithResponseStreamCommandInput> = {},
): Promise<Streamed> {
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await target.client.send(
    new InvokeWithResponseStreamCommand({ FunctionName, Payload, ...more }),
  );
  const chunks: string[] = [];
  let end: InvokeWithResponseStreamCompleteEvent | undefined;
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
    assert.equal(end, undefined, 'nothing follows InvokeComplete');
    if (PayloadChunk !== undefined) chunks.push(Buffer.from(PayloadChunk.Payload ?? []).toString());
    if (InvokeComplete !== undefined) end = InvokeComplete;
  }
  const { StatusCode, ExecutedVersion, ResponseStreamContentType } = answer;
  return {
    statusCode: StatusCode,
    executedVersion: ExecutedVersion,
    contentType: ResponseStreamContentType,
    chunks,
    end,
  };
}

const textOf = ({ chunks }: Streamed): string => chunks.join('');

function failureOf({ end }: Streamed): { readonly errorType: string; readonly errorMessage: string } {
  assert.equal(end?.ErrorCode, 'Unhandled');
  return JSON.parse(end.ErrorDetails ?? '') as { errorType: string; errorMessage: string };
}

test('the chunks of a stream come in order, then one event that says how it ended', async () => {
  const answer = await stream(streaming, {});
  assert.deepEqual(answer, {
    statusCode: 200,
    executedVersion: '$LATEST',
    contentType: 'application/vnd.amazon.eventstream',
    chunks: ['one', 'two', 'three'],
    end: {},
  });
});

test('pipelines, HTTP streams with their prelude, and streams without a byte', async () => {
  assert.equal(textOf(await stream(streaming, { do: 'pipeline' })), 'pqr');
  assert.equal(
    textOf(await stream(streaming, { do: 'http' })),
    `{"statusCode":418,"headers":{"x-a":"b"}}${'\0'.repeat(8)}tea`,
  );
  const { chunks, end } = await stream(streaming, { do: 'nothing' });
  assert.deepEqual([chunks, end], [[], {}]);
});

test('an answer that is larger than a response may be comes whole', async () => {
  const bytes = 7 * 1024 * 1024;
  const answer = await stream(streaming, { do: 'bytes', bytes });
  assert.equal(textOf(answer).length, bytes);
  assert.deepEqual(answer.end, {});
});

test('LogType Tail puts the end of the log into the last event', async () => {
  const { end } = await stream(streaming, {}, { LogType: 'Tail' });
  const log = Buffer.from(end?.LogResult ?? '', 'base64').toString();
  assert.match(
    log,
    /^START RequestId: (\S+) .*\n[^]*streaming for \1\nEND RequestId: \1\nREPORT RequestId: \1\t/,
  );
  const failed = await stream(streaming, { do: 'throw' }, { LogType: 'Tail' });
  assert.match(
    Buffer.from(failed.end?.LogResult ?? '', 'base64').toString(),
    /Invoke Error[^]*after it[^]*REPORT/,
  );
});

test('DryRun runs nothing', async () => {
  const answer = await stream(streaming, { do: 'throw' }, { InvocationType: 'DryRun' });
  assert.deepEqual([answer.statusCode, answer.chunks, answer.end], [204, [], undefined]);
});

test('a failure before the first byte comes without a chunk', async () => {
  const answer = await stream(streaming, { do: 'throw-first' });
  assert.deepEqual(answer.chunks, []);
  const { errorType, errorMessage } = failureOf(answer);
  assert.deepEqual([errorType, errorMessage], ['TypeError', 'before the first byte']);
});

test('a failure after it leaves what came before', async () => {
  for (const [how, errorType, message] of [
    ['throw', 'RangeError', /^after it$/],
    ['destroy', 'Error', /^torn$/],
    ['exit', 'Runtime.ExitError', /Runtime exited with error: exit status 3$/],
    ['hang', 'Sandbox.Timedout', /Task timed out after 2\.00 seconds$/],
  ] as const) {
    const answer = await stream(streaming, { do: how });
    assert.equal(textOf(answer), 'a', how);
    const failure = failureOf(answer);
    assert.equal(failure.errorType, errorType, how);
    assert.match(failure.errorMessage, message);
  }
  assert.equal(textOf(await stream(streaming, {})), 'onetwothree');
});

test('a function that does not stream answers in one chunk', async () => {
  const { chunks, end, executedVersion } = await stream(buffered, { x: 1 });
  assert.deepEqual([chunks, end, executedVersion], [['{"x":1}'], {}, '$LATEST']);
  const failed = await stream(buffered, { fail: true });
  assert.equal(failureOf(failed).errorMessage, 'failed');
});

async function invoke(event: unknown): Promise<readonly [string | undefined, string]> {
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await target.client.send(new InvokeCommand({ FunctionName: streaming, Payload }));
  return [answer.FunctionError, Buffer.from(answer.Payload ?? []).toString()];
}

test('a function that streams answers Invoke as a whole', async () => {
  assert.deepEqual(await invoke({}), [undefined, 'onetwothree']);
  const [failed, text] = await invoke({ do: 'throw' });
  assert.equal(failed, 'Unhandled');
  assert.match(text, /"errorType":"RangeError"/);
  const [tooLarge, why] = await invoke({ do: 'bytes', bytes: 7 * 1024 * 1024 });
  assert.equal(tooLarge, 'Unhandled');
  assert.match(why, /Function\.ResponseSizeTooLarge/);
  assert.equal((await invoke({ do: 'pipeline' }))[1], 'pqr');
});

test('what the API refuses is an ordinary error', async () => {
  await assert.rejects(stream(target.name(), {}), { name: 'ResourceNotFoundException' });
  await assert.rejects(stream(streaming, {}, { Payload: Buffer.from('{') }), {
    name: 'InvalidRequestContentException',
  });
  await assert.rejects(stream(streaming, {}, { InvocationType: 'Event' as never }), {
    name: 'ValidationException',
  });
});
