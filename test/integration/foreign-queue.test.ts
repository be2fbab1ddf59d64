/** A mapping of a queue that another SQS has: `--endpoint sqs=http://…`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FakeSqs, json, openFakeSqs } from '../../src/event-sources/fixtures/fake-sqs.ts';
import { eventually, QueueWorld } from '../conformance/queue-world.ts';

let sqs: FakeSqs;
let world: QueueWorld;
before(async () => {
  sqs = await openFakeSqs();
  world = await QueueWorld.open(['--endpoint', `sqs=${sqs.endpoint}`]);
});
after(async () => {
  await world.close();
  await sqs.close();
});

const queueArn = 'arn:aws:sqs:us-east-1:000000000000:elsewhere';
const queueUrl = (): string => `${sqs.endpoint}/000000000000/elsewhere`;

test('a queue of another SQS is looked at before it is mapped', async () => {
  const name = await world.function();
  sqs.answers.set('GetQueueAttributes', json({ __type: 'com.amazonaws.sqs#QueueDoesNotExist' }, 400));
  await assert.rejects(world.map(name, queueArn), { message: /The specified queue does not exist/ });
  sqs.answers.set('GetQueueAttributes', json({ __type: 'AccessDeniedException' }, 403));
  await assert.rejects(world.map(name, queueArn), {
    message: 'The provided execution role does not have permissions to call GetQueueAttributes on SQS',
  });
  sqs.answers.set('GetQueueAttributes', json({ Attributes: { VisibilityTimeout: '0' } }));
  await assert.rejects(world.map(name, queueArn), { message: /Queue visibility timeout: 0 seconds is less/ });
});

test('messages of another SQS reach the function, and are deleted there', async () => {
  const name = await world.function();
  const waiting = ['one', 'two'];
  sqs.answers.set('GetQueueAttributes', json({ Attributes: { VisibilityTimeout: '30' } }));
  sqs.answers.set('DeleteMessageBatch', json({ Successful: [] }));
  sqs.answers.set('ReceiveMessage', (asked, response) => {
    const bodies = waiting.splice(0);
    // As a long poll does: no answer while there is nothing.
    if (bodies.length === 0) return;
    const Messages = bodies.map((Body) => ({
      MessageId: `id-${Body}`,
      ReceiptHandle: `handle-${Body}`,
      Body,
    }));
    json({ Messages })(asked, response);
  });
  await world.map(name, queueArn);
  await eventually(() => assert.deepEqual(world.bodies(name).toSorted(), ['one', 'two']));
  await eventually(() => {
    const handles = sqs.asked
      .filter(({ operation }) => operation === 'DeleteMessageBatch')
      .flatMap(({ input }) => input['Entries'] as { ReceiptHandle: string }[])
      .map(({ ReceiptHandle }) => ReceiptHandle);
    assert.deepEqual(handles.toSorted(), ['handle-one', 'handle-two']);
  });
  for (const { input, headers } of sqs.asked) {
    assert.equal(input['QueueUrl'], queueUrl());
    assert.match(headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=ASIA/);
    assert.ok(headers['x-amz-security-token']);
  }
});
