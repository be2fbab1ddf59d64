/** Queues of another SQS: what is asked of it, and what comes of whatever it answers. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FakeClock } from '#platform';
import { type FakeSqs, json, openFakeSqs } from '../fixtures/fake-sqs.ts';
import { answerBytesMax, callMsMax } from '../limits.ts';
import type { SourceQueue } from '../sqs/source-queue.ts';
import { foreignQueue } from './foreign-queue.ts';
import { type CallKeys, SqsCalls } from './sqs-calls.ts';

const queueArn = 'arn:aws:sqs:us-east-1:000000000000:jobs';
const attributes = json({ Attributes: { VisibilityTimeout: '45' } });
const signal = new AbortController().signal;

async function open(
  t: TestContext,
  keys: CallKeys | undefined = { accessKeyId: 'ASIAROLE', secretAccessKey: 's', sessionToken: 'token' },
): Promise<{ readonly sqs: FakeSqs; readonly queue: SourceQueue; readonly clock: FakeClock }> {
  const sqs = await openFakeSqs();
  const clock = new FakeClock();
  const { endpoint } = sqs;
  const calls = new SqsCalls({ endpoint, region: 'us-east-1', clock });
  t.after(async () => {
    calls.close();
    await sqs.close();
  });
  sqs.answers.set('GetQueueAttributes', attributes);
  const queue = foreignQueue({ calls, endpoint, queueArn, keys: () => keys, clock, receiversMax: 10 });
  return { sqs, queue, clock };
}

const receive = (queue: SourceQueue) => queue.receive({ max: 50, waitMs: 20_000, signal });

test('messages are received with all that they have, in calls signed by the role', async (t) => {
  const { sqs, queue } = await open(t);
  sqs.answers.set(
    'ReceiveMessage',
    json({
      Messages: [
        {
          MessageId: 'm1',
          ReceiptHandle: 'r1',
          Body: 'hello',
          MD5OfBody: 'b',
          MD5OfMessageAttributes: 'a',
          Attributes: { ApproximateReceiveCount: '1' },
          MessageAttributes: {
            city: { DataType: 'String', StringValue: 'Basel' },
            photo: { DataType: 'Binary', BinaryValue: 'AP8=' },
          },
        },
        { MessageId: 'no body' },
        null,
      ],
    }),
  );
  assert.deepEqual(await receive(queue), {
    kind: 'received',
    visibilityTimeoutMs: 45_000,
    messages: [
      {
        id: 'm1',
        receiptHandle: 'r1',
        body: 'hello',
        md5OfBody: 'b',
        md5OfMessageAttributes: 'a',
        attributes: { ApproximateReceiveCount: '1' },
        messageAttributes: {
          city: { type: 'String', text: 'Basel' },
          photo: { type: 'Binary', bytes: Buffer.from([0, 255]) },
        },
      },
    ],
  });
  const [described, received] = sqs.asked;
  assert.equal(described?.operation, 'GetQueueAttributes');
  assert.equal(received?.input['QueueUrl'], `${sqs.endpoint}/000000000000/jobs`);
  assert.deepEqual([received?.input['MaxNumberOfMessages'], received?.input['WaitTimeSeconds']], [10, 20]);
  assert.match(
    received?.headers.authorization ?? '',
    /^AWS4-HMAC-SHA256 Credential=ASIAROLE\/\d{8}\/us-east-1\/sqs\//,
  );
  assert.equal(received?.headers['x-amz-security-token'], 'token');
  await receive(queue);
  assert.equal(sqs.asked.length, 3, 'the queue is not described anew for each call');
});

test('deletes go in tens, and tell which are to be tried again', async (t) => {
  const { sqs, queue } = await open(t);
  sqs.answers.set('DeleteMessageBatch', (asked, response) => {
    const entries = asked.input['Entries'] as { Id: string; ReceiptHandle: string }[];
    const Failed = entries
      .filter(({ ReceiptHandle }) => /^r(3|11)$/.test(ReceiptHandle))
      .map(({ Id, ReceiptHandle }) => ({ Id, SenderFault: ReceiptHandle === 'r3' }));
    json({ Failed })(asked, response);
  });
  const done = await queue.delete(Array.from({ length: 12 }, (_, index) => `r${index}`));
  assert.equal(sqs.asked.length, 2);
  assert.deepEqual(
    done.map((each, index) => (each ? '' : index)).filter((each) => each !== ''),
    [11],
  );
});

test('what SQS refuses is told by its kind', async (t) => {
  const { sqs, queue } = await open(t);
  const refusals = [
    [400, 'com.amazonaws.sqs#QueueDoesNotExist', { kind: 'absent' }],
    [400, 'AWS.SimpleQueueService.NonExistentQueue', { kind: 'absent' }],
    [403, 'AccessDeniedException', { kind: 'denied', call: 'ReceiveMessage' }],
  ] as const;
  for (const [status, __type, outcome] of refusals) {
    sqs.answers.set('ReceiveMessage', json({ __type, message: 'no' }, status));
    assert.deepEqual(await receive(queue), outcome);
  }
  sqs.answers.set('ReceiveMessage', json({ __type: 'Throttled', message: 'later' }, 400));
  assert.deepEqual(await receive(queue), { kind: 'unavailable', reason: 'Throttled: later' });
});

test('answers that are none, too large, or never come, are no more than unavailable', async (t) => {
  const { sqs, queue, clock } = await open(t);
  sqs.answers.set('ReceiveMessage', (_asked, response) => void response.end('<html>'));
  assert.equal((await receive(queue)).kind, 'unavailable');
  sqs.answers.set('ReceiveMessage', (_asked, response) => void response.socket?.destroy());
  assert.equal((await receive(queue)).kind, 'unavailable');
  sqs.answers.set(
    'ReceiveMessage',
    (_asked, response) => void response.end(Buffer.alloc(answerBytesMax + 1, 'x')),
  );
  assert.match(JSON.stringify(await receive(queue)), /more than 16777216 bytes/);
  sqs.answers.set('ReceiveMessage', () => clock.advance(20_000 + callMsMax));
  assert.match(JSON.stringify(await receive(queue)), /no answer in time/);
});

test('a reception ends when its poller does, and nobody is asked without a role', async (t) => {
  const { sqs, queue } = await open(t);
  const ending = new AbortController();
  sqs.answers.set('ReceiveMessage', () => ending.abort());
  assert.equal((await queue.receive({ max: 1, waitMs: 20_000, signal: ending.signal })).kind, 'unavailable');
  const nobody = await open(t, undefined);
  const noKeys = foreignQueue({
    calls: new SqsCalls({ endpoint: nobody.sqs.endpoint, region: 'us-east-1', clock: nobody.clock }),
    endpoint: nobody.sqs.endpoint,
    queueArn,
    keys: () => undefined,
    clock: nobody.clock,
    receiversMax: 1,
  });
  assert.equal((await receive(noKeys)).kind, 'unavailable');
  assert.equal(nobody.sqs.asked.length, 0);
});
