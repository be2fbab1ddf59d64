/** Message move tasks: where messages go, how fast, and how a task ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arn, open, type Opened, redrive, refused, settle } from './fixtures/opened.ts';

/** `count` messages in `dead`, from `q`. */
async function populated(
  opened: Opened,
  count: number,
): Promise<{ readonly q: string; readonly dead: string }> {
  const dead = await opened.create('dead');
  const q = await opened.create('q', { VisibilityTimeout: '1', ...redrive('dead') });
  for (let index = 0; index < count; index += 1) await opened.send(q, String(index));
  for (let received = 0; received < count;) received += (await opened.bodies(q)).length;
  opened.clock.advance(1000);
  assert.deepEqual(await opened.bodies(q), []);
  assert.equal(await opened.attribute(dead, 'ApproximateNumberOfMessages'), String(count));
  return { q, dead };
}

const start = (opened: Opened, more: object = {}) =>
  opened.call('StartMessageMoveTask', { SourceArn: arn('dead'), ...more });

const handle = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');

async function tasks(
  opened: Opened,
  more: object = {},
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const output = await opened.call('ListMessageMoveTasks', { SourceArn: arn('dead'), ...more });
  return output['Results'] as readonly Readonly<Record<string, unknown>>[];
}

async function run(opened: Opened, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    opened.clock.advance(50);
    await settle();
  }
}

test('messages go back to the queue that they came from, as new ones', async () => {
  const opened = open();
  const { q, dead } = await populated(opened, 3);
  await start(opened);
  await run(opened, 200);
  assert.deepEqual(await tasks(opened), [
    {
      TaskHandle: undefined,
      Status: 'COMPLETED',
      SourceArn: arn('dead'),
      DestinationArn: undefined,
      MaxNumberOfMessagesPerSecond: undefined,
      ApproximateNumberOfMessagesMoved: 3,
      ApproximateNumberOfMessagesToMove: 3,
      FailureReason: undefined,
      StartedTimestamp: 1767225601000,
    },
  ]);
  const back = await opened.receive(q, { AttributeNames: ['All'] });
  assert.deepEqual(back.map(({ Body }) => Body).sort(), ['0', '1', '2']);
  assert.equal(back[0]?.Attributes?.['ApproximateReceiveCount'], '1');
  assert.equal(back[0]?.Attributes?.['DeadLetterQueueSourceArn'], undefined);
  assert.deepEqual(await opened.bodies(dead), []);
  await opened.sqs.close();
});

test('a rate is kept, there is one task at a time, and it can be cancelled', async () => {
  const opened = open();
  await populated(opened, 5);
  await opened.create('other');
  const more = { DestinationArn: arn('other'), MaxNumberOfMessagesPerSecond: 1 };
  const { TaskHandle } = await start(opened, more);
  await settle();
  await refused(start(opened), 'InvalidParameterValueException', /already a task running/);
  await run(opened, 1500);
  const [running] = await tasks(opened);
  assert.deepEqual([running?.['Status'], running?.['TaskHandle']], ['RUNNING', TaskHandle]);
  assert.equal(running?.['ApproximateNumberOfMessagesMoved'], 2);
  const cancelled = await opened.call('CancelMessageMoveTask', { TaskHandle });
  assert.deepEqual(cancelled, { ApproximateNumberOfMessagesMoved: 2 });
  assert.equal((await tasks(opened))[0]?.['Status'], 'CANCELLED');
  await run(opened, 3000);
  assert.equal((await tasks(opened))[0]?.['ApproximateNumberOfMessagesMoved'], 2);
  await refused(opened.call('CancelMessageMoveTask', { TaskHandle }), 'InvalidParameterValueException');
  await start(opened);
  assert.equal((await tasks(opened, { MaxResults: 10 })).length, 2);
  assert.equal((await tasks(opened)).length, 1);
  await opened.sqs.close();
});

test('a task fails when there is nowhere to go', async () => {
  const opened = open();
  const { dead } = await populated(opened, 4);
  const other = await opened.create('other');
  await start(opened, { DestinationArn: arn('other'), MaxNumberOfMessagesPerSecond: 1 });
  await run(opened, 500);
  await opened.call('DeleteQueue', { QueueUrl: other });
  await run(opened, 2000);
  const [task] = await tasks(opened);
  assert.deepEqual(
    [task?.['Status'], task?.['FailureReason'], task?.['ApproximateNumberOfMessagesMoved']],
    ['FAILED', 'AWS.SimpleQueueService.NonExistentQueue', 1],
  );
  assert.equal(await opened.attribute(dead, 'ApproximateNumberOfMessages'), '3');
  await opened.sqs.close();
});

test('a task goes on after a restart', async () => {
  const opened = open();
  await populated(opened, 4);
  await start(opened, { MaxNumberOfMessagesPerSecond: 1 });
  await run(opened, 1500);
  await opened.sqs.close();
  const again = opened.reopen();
  await again.call('ListQueues');
  await run(again, 4000);
  const [task] = await tasks(again);
  assert.deepEqual([task?.['Status'], task?.['ApproximateNumberOfMessagesToMove']], ['COMPLETED', 4]);
  assert.equal((await again.bodies('/000000000000/q')).length, 4);
  await again.sqs.close();
});

test('what is no task is refused', async () => {
  const opened = open();
  const { create, call } = opened;
  await create('dead');
  const bySource = (SourceArn: unknown) => call('StartMessageMoveTask', { SourceArn });
  await refused(bySource(undefined), 'MissingRequiredParameterException');
  await refused(bySource('nonsense'), 'InvalidParameterValueException');
  await refused(
    bySource(arn('nowhere')),
    'ResourceNotFoundException',
    /for the SourceArn parameter doesn't exist/,
  );
  await refused(
    bySource(arn('dead')),
    'InvalidParameterValueException',
    /must be configured as a Dead Letter Queue/,
  );
  await create('q', redrive('dead'));
  await refused(
    start(opened, { DestinationArn: arn('nowhere') }),
    'ResourceNotFoundException',
    /DestinationArn/,
  );
  await create('x.fifo');
  await refused(start(opened, { DestinationArn: arn('x.fifo') }), 'InvalidParameterValueException');
  await refused(start(opened, { MaxNumberOfMessagesPerSecond: 501 }), 'InvalidParameterValueException');
  const cancel = (handle: string) => call('CancelMessageMoveTask', { TaskHandle: handle });
  await refused(cancel('nonsense'), 'InvalidParameterValueException', /TaskHandle is invalid/);
  await refused(cancel(handle({ taskId: 'x', sourceArn: arn('nowhere') })), 'ResourceNotFoundException');
  await refused(
    cancel(handle({ taskId: 'x', sourceArn: arn('dead') })),
    'ResourceNotFoundException',
    /Task does not exist/,
  );
  assert.deepEqual(await tasks(opened), []);
});
