/** Queues as event sources, as clients see them: what is sent reaches the function, and what fails comes back. */
import {
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, QueueWorld } from './queue-world.ts';

let world: QueueWorld;
before(async () => {
  world = await QueueWorld.open();
});
after(() => world.close());

const reporting = { FunctionResponseTypes: ['ReportBatchItemFailures' as const] };

test('a message reaches the function in the form of AWS, and is gone then', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const uuid = await world.map(name, arn);
  await world.state(uuid, 'Enabled');
  const MessageAttributes = {
    city: { DataType: 'String', StringValue: 'Basel' },
    photo: { DataType: 'Binary.png', BinaryValue: Buffer.from([0, 255]).toString('base64') },
  };
  const sent = await world.sqs('SendMessage', { QueueUrl: url, MessageBody: 'hällo', MessageAttributes });
  await eventually(() => assert.equal(world.seen(name).length, 1));
  const [record] = world.seen(name)[0]?.event.Records ?? [];
  assert.ok(record);
  const { receiptHandle, attributes, ...rest } = record;
  assert.notEqual(receiptHandle, '');
  assert.deepEqual(rest, {
    messageId: sent['MessageId'],
    body: 'hällo',
    messageAttributes: {
      city: { stringValue: 'Basel', stringListValues: [], binaryListValues: [], dataType: 'String' },
      photo: { binaryValue: 'AP8=', stringListValues: [], binaryListValues: [], dataType: 'Binary.png' },
    },
    md5OfMessageAttributes: sent['MD5OfMessageAttributes'],
    md5OfBody: sent['MD5OfMessageBody'],
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: 'us-east-1',
  });
  assert.deepEqual(Object.keys(attributes).sort(), [
    'ApproximateFirstReceiveTimestamp',
    'ApproximateReceiveCount',
    'SenderId',
    'SentTimestamp',
  ]);
  assert.equal(attributes['ApproximateReceiveCount'], '1');
  await eventually(async () => assert.equal(await world.left(url), 0));
});

test('what a function fails at comes back, and ends in the dead-letter queue', async () => {
  const name = await world.function();
  const dead = await world.queue();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
  const { url, arn } = await world.queue({ RedrivePolicy });
  await world.map(name, arn);
  await world.send(url, 'throw', 'bystander');
  await eventually(async () => assert.equal(await world.left(dead.url), 2));
  assert.equal(await world.left(url), 0);
  const counts = world
    .seen(name)
    .flatMap(({ event }) => event.Records.map(({ attributes }) => attributes['ApproximateReceiveCount']));
  assert.deepEqual(
    counts.map(Number).toSorted((a, b) => a - b),
    [1, 1, 2, 2],
  );
});

test('with ReportBatchItemFailures only what is named comes back, and everything for an answer that makes no sense', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  await world.map(name, arn, reporting);
  await world.send(url, 'good', 'bad', 'fine');
  await eventually(() => assert.ok(world.bodies(name).filter((body) => body === 'bad').length >= 2));
  assert.deepEqual(
    world
      .bodies(name)
      .filter((body) => body !== 'bad')
      .toSorted(),
    ['fine', 'good'],
  );
  await world.sqs('PurgeQueue', { QueueUrl: url });

  const other = await world.function();
  const queue = await world.queue();
  await world.map(other, queue.arn, reporting);
  await world.send(queue.url, 'nonsense', 'bystander');
  await eventually(() => assert.ok(world.bodies(other).filter((body) => body === 'bystander').length >= 2));
});

test('groups of a FIFO queue stay in order, also after a failure', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  await world.map(name, arn, { BatchSize: 3, ...reporting });
  const groups = ['a', 'b', 'c'];
  for (const round of [0, 1]) {
    const messages = [0, 1, 2].flatMap((index) =>
      groups.map((group) => ({ MessageBody: `${group}${round * 3 + index}`, MessageGroupId: group })),
    );
    await world.send(url, ...messages);
  }
  await eventually(async () => assert.equal(await world.left(url), 0));
  for (const group of groups) {
    const inOrder = [0, 1, 2, 3, 4, 5].map((index) => `${group}${index}`);
    assert.deepEqual(
      world.bodies(name).filter((body) => body.startsWith(group)),
      inOrder,
    );
  }

  const messages = ['x1', 'bad x2', 'x3', 'x4'].map((MessageBody) => ({ MessageBody, MessageGroupId: 'x' }));
  await world.send(url, ...messages);
  await eventually(() => assert.ok(world.bodies(name).filter((body) => body === 'bad x2').length >= 2));
  const batches = world
    .seen(name)
    .map(({ event }) => event.Records.map(({ body }) => body))
    .filter((bodies) => bodies.some((body) => body.includes('x')));
  assert.deepEqual(batches[0], ['x1', 'bad x2', 'x3']);
  // As x2 is not done, all that comes after it comes with it.
  for (const batch of batches.slice(1)) assert.deepEqual(batch, ['bad x2', 'x3', 'x4']);
});

test('what no filter wants is deleted and never seen', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const Pattern = JSON.stringify({
    body: { kind: [{ wildcard: 'or*er' }], ip: [{ cidr: '10.0.0.0/8' }], n: [{ numeric: ['>', 1] }] },
  });
  await world.map(name, arn, { FilterCriteria: { Filters: [{ Pattern }] } });
  const bodies = [
    { kind: 'order', ip: '10.1.2.3', n: 2 },
    { kind: 'order', ip: '11.1.2.3', n: 2 },
    { kind: 'orders', ip: '10.1.2.3', n: 2 },
    { kind: 'order', ip: '10.1.2.3', n: 1 },
  ];
  await world.send(url, ...bodies.map((body) => JSON.stringify(body)), 'no JSON', '{');
  await eventually(async () => assert.equal(await world.left(url), 0));
  await eventually(() => assert.equal(world.seen(name).length, 1));
  assert.deepEqual(world.bodies(name), [JSON.stringify(bodies[0])]);
});

test('a hostile filter and hostile messages hold nobody up', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const Pattern = JSON.stringify({
    body: { a: Array.from({ length: 20 }, () => ({ wildcard: `*${'a'.repeat(80)}b*c` })) },
  });
  await world.map(name, arn, { FilterCriteria: { Filters: [{ Pattern }] } });
  const body = JSON.stringify({ a: 'a'.repeat(900_000) });
  for (let count = 0; count < 5; count += 1) await world.send(url, body);
  // Between the messages others are answered.
  let answers = 0;
  while ((await world.left(url)) > 0) {
    answers += 1;
    assert.ok(answers < 3_000, 'the messages are not filtered');
    await sleep(5);
  }
  assert.deepEqual(world.seen(name), []);
});

test('a mapping that is disabled receives nothing, and everything once it is enabled', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const UUID = await world.map(name, arn);
  const { client } = world.service;
  await world.state(UUID, 'Enabled');
  const disabling = await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  assert.equal(disabling.State, 'Disabling');
  await world.send(url, 'one', 'two');
  await world.state(UUID, 'Disabled');
  await sleep(300);
  assert.deepEqual(world.seen(name), []);
  assert.equal(await world.left(url), 2);
  assert.equal(
    (await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }))).State,
    'Enabling',
  );
  await eventually(() => assert.deepEqual(world.bodies(name).toSorted(), ['one', 'two']));
  await world.state(UUID, 'Enabled');
});

test('once a delete has answered, nothing is received any more', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue({ VisibilityTimeout: '30' });
  for (let round = 0; round < 5; round += 1) {
    const UUID = await world.map(name, arn, { BatchSize: 1 });
    await world.state(UUID, 'Enabled');
    const sending = Array.from({ length: 5 }, (_, index) => world.send(url, `${round} ${index}`));
    const { State } = await world.service.client.send(new DeleteEventSourceMappingCommand({ UUID }));
    assert.equal(State, 'Deleting');
    await Promise.all(sending);
    await world.send(url, `late ${round}`);
    await eventually(async () => {
      await assert.rejects(world.service.client.send(new GetEventSourceMappingCommand({ UUID })), {
        name: 'ResourceNotFoundException',
      });
    });
    assert.equal(
      world.bodies(name).some((body) => body === `late ${round}`),
      false,
    );
    let received: unknown;
    do {
      received = (await world.sqs('ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 10 }))['Messages'];
      for (const { ReceiptHandle } of (received ?? []) as { ReceiptHandle: string }[]) {
        await world.sqs('DeleteMessage', { QueueUrl: url, ReceiptHandle });
      }
    } while (received !== undefined);
  }
});

test('MaximumConcurrency bounds the invokes at a time', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue({ VisibilityTimeout: '30' });
  await world.map(name, arn, { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } });
  await world.send(url, ...Array.from({ length: 10 }, () => 'sleep 150'));
  await eventually(() => assert.equal(world.seen(name).length, 10));
  const edges = world.seen(name).flatMap(({ startMs, endMs }) => [
    { atMs: startMs, change: 1 },
    { atMs: endMs, change: -1 },
  ]);
  let most = 0;
  let now = 0;
  for (const { change } of edges.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change)) {
    now += change;
    most = Math.max(most, now);
  }
  // On a busy host the second environment may come only when the first has done it all.
  assert.ok(most <= 2, `${most} at a time`);
});

test('a window gathers a batch larger than ten', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue({ VisibilityTimeout: '30' });
  await world.map(name, arn, { BatchSize: 25, MaximumBatchingWindowInSeconds: 5 });
  const ten = Array.from({ length: 10 }, (_, index) => String(index));
  await world.send(url, ...ten);
  await world.send(url, ...ten);
  await world.send(url, ...ten.slice(0, 5));
  await eventually(() => assert.equal(world.seen(name)[0]?.event.Records.length, 25));
});

test('what was mapped is polled again after kill -9, and what was in work comes back', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  await world.map(name, arn);
  await world.send(url, 'sleep 400');
  await sleep(200);
  await world.crash();
  await world.send(url, 'after');
  await eventually(async () => assert.equal(await world.left(url), 0));
  assert.ok(world.bodies(name).includes('after'));
  assert.ok(world.bodies(name).includes('sleep 400'));
});
