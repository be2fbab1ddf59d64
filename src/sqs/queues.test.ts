/** Queues as such: creating, finding, changing, deleting, and what of them survives a restart. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '#engines/sqlite';
import { systemClock, systemEntropy } from '#platform';
import { arn, open, redrive, refused, settle } from './fixtures/opened.ts';

test('a queue is created once, and again only by those who want it as it is', async () => {
  const { create, call } = open();
  const url = await create('q', { VisibilityTimeout: '31' });
  assert.equal(url, 'http://127.0.0.1:9000/000000000000/q');
  assert.equal(await create('q'), url);
  assert.equal(await create('q', { VisibilityTimeout: '31', DelaySeconds: '0' }), url);
  await refused(
    create('q', { DelaySeconds: '1' }),
    'QueueNameExists',
    /different value for attribute DelaySeconds$/,
  );
  assert.deepEqual(await call('GetQueueUrl', { QueueName: 'q' }), { QueueUrl: url });
  await refused(call('GetQueueUrl', { QueueName: 'p' }), 'QueueDoesNotExist');
  await refused(
    call('GetQueueUrl', { QueueName: 'q', QueueOwnerAWSAccountId: '111111111111' }),
    'QueueDoesNotExist',
  );
  const both = await Promise.allSettled([create('r'), create('r', { DelaySeconds: '5' })]);
  assert.deepEqual(
    both
      .map(({ status }) => status)
      .sort()
      .join(),
    'fulfilled,rejected',
  );
});

test('documents that are spelled otherwise are the same', async () => {
  const { create } = open();
  await create('dead');
  const policy = { RedrivePolicy: `{ "maxReceiveCount": 3, "deadLetterTargetArn": "${arn('dead')}" }` };
  assert.equal(await create('q', redrive('dead', 3)), await create('q', policy));
});

test('names are checked, those of FIFO queues too', async () => {
  const { create, call } = open();
  for (const name of ['a b', 'ä', 'x'.repeat(81), 'a/b', 'a.b']) {
    await refused(create(name), 'InvalidParameterValueException', /alphanumeric/);
  }
  await refused(call('CreateQueue', { QueueName: 'a.fifo' }), 'InvalidParameterValueException');
  await refused(
    create('plain', { FifoQueue: 'true' }),
    'InvalidParameterValueException',
    /must end with \.fifo/,
  );
  await refused(call('CreateQueue', {}), 'MissingRequiredParameterException', /QueueName/);
  await create('x'.repeat(80));
  await create(`${'x'.repeat(75)}.fifo`);
});

test('attributes have their ranges, and are kept as they were set', async () => {
  const { create, call, attribute } = open();
  const bad: readonly (readonly [string, string])[] = [
    ['DelaySeconds', '901'],
    ['DelaySeconds', '-1'],
    ['DelaySeconds', 'x'],
    ['MaximumMessageSize', '1023'],
    ['MaximumMessageSize', '1048577'],
    ['MessageRetentionPeriod', '59'],
    ['MessageRetentionPeriod', '1209601'],
    ['ReceiveMessageWaitTimeSeconds', '21'],
    ['VisibilityTimeout', '43201'],
    ['VisibilityTimeout', '1.5'],
    ['VisibilityTimeout', ''],
    ['Policy', '{}'],
    ['Policy', 'no'],
    ['KmsDataKeyReusePeriodSeconds', '59'],
    ['SqsManagedSseEnabled', 'yes'],
  ];
  for (const [name, value] of bad) {
    await refused(create('q', { [name]: value }), 'InvalidAttributeValue', new RegExp(name));
  }
  for (const name of ['QueueArn', 'CreatedTimestamp', 'Nothing', 'ContentBasedDeduplication', '__proto__']) {
    await refused(
      call('CreateQueue', { QueueName: 'q', Attributes: Object.fromEntries([[name, 'true']]) }),
      'InvalidAttributeName',
    );
  }
  const url = await create('q', { KmsMasterKeyId: 'key', MaximumMessageSize: '2048' });
  const all = await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['All'] });
  assert.deepEqual(all['Attributes'], {
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesDelayed: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    CreatedTimestamp: '1767225600',
    DelaySeconds: '0',
    KmsDataKeyReusePeriodSeconds: '300',
    KmsMasterKeyId: 'key',
    LastModifiedTimestamp: '1767225600',
    MaximumMessageSize: '2048',
    MessageRetentionPeriod: '345600',
    QueueArn: arn('q'),
    ReceiveMessageWaitTimeSeconds: '0',
    SqsManagedSseEnabled: 'false',
    VisibilityTimeout: '30',
  });
  assert.deepEqual(await call('GetQueueAttributes', { QueueUrl: url }), {});
  await refused(
    call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['Nope'] }),
    'InvalidAttributeName',
  );
  await call('SetQueueAttributes', { QueueUrl: url, Attributes: { SqsManagedSseEnabled: 'true' } });
  assert.equal(await attribute(url, 'KmsMasterKeyId'), undefined);
  const both = { KmsMasterKeyId: 'k', SqsManagedSseEnabled: 'true' };
  await refused(
    call('SetQueueAttributes', { QueueUrl: url, Attributes: both }),
    'InvalidAttributeName',
    /one type/,
  );
});

test('FIFO queues have attributes of their own, and stay what they are', async () => {
  const { create, call, attribute } = open();
  const url = await create('q.fifo');
  assert.equal(await attribute(url, 'FifoThroughputLimit'), 'perQueue');
  assert.equal(await attribute(url, 'DeduplicationScope'), 'queue');
  const set = (Attributes: object, QueueUrl = url) => call('SetQueueAttributes', { QueueUrl, Attributes });
  await refused(set({ FifoQueue: 'false' }), 'InvalidAttributeValue', /queue type/);
  await refused(set({ FifoThroughputLimit: 'perMessageGroupId' }), 'InvalidAttributeValue');
  await set({ FifoThroughputLimit: 'perMessageGroupId', DeduplicationScope: 'messageGroup' });
  await refused(set({ DeduplicationScope: 'queue' }), 'InvalidAttributeValue');
  await refused(
    set({ FifoQueue: 'true' }, await create('plain')),
    'InvalidAttributeName',
    /Unknown Attribute FifoQueue/,
  );
});

test('a redrive policy names a queue that is there, of the same kind, and willing', async () => {
  const { create, call } = open();
  const dead = await create('dead');
  await create('dead.fifo');
  const bad: readonly (readonly [string, RegExp])[] = [
    ['x', /not a valid JSON map/],
    ['[]', /not a valid JSON map/],
    [JSON.stringify({ maxReceiveCount: 1 }), /mandatory attribute: deadLetterTargetArn/],
    [JSON.stringify({ deadLetterTargetArn: arn('dead') }), /mandatory attribute: maxReceiveCount/],
    [
      JSON.stringify({ deadLetterTargetArn: 'dummy', maxReceiveCount: 1 }),
      /Invalid value for deadLetterTargetArn/,
    ],
    [
      JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 0 }),
      /valid values are from 1 to 1000/,
    ],
    [JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1001 }), /from 1 to 1000/],
    [redrive('nowhere')['RedrivePolicy'] ?? '', /does not exist/],
    [redrive('dead.fifo')['RedrivePolicy'] ?? '', /same type/],
  ];
  for (const [RedrivePolicy, message] of bad) {
    await refused(create('q', { RedrivePolicy }), 'InvalidParameterValueException', message);
  }
  const allow = (policy: object) =>
    call('SetQueueAttributes', {
      QueueUrl: dead,
      Attributes: { RedriveAllowPolicy: JSON.stringify(policy) },
    });
  await refused(allow({ redrivePermission: 'maybe' }), 'InvalidParameterValueException');
  await refused(allow({ redrivePermission: 'byQueue' }), 'InvalidParameterValueException');
  await refused(
    allow({ redrivePermission: 'denyAll', sourceQueueArns: [arn('q')] }),
    'InvalidParameterValueException',
  );
  await allow({ redrivePermission: 'denyAll' });
  await refused(create('q', redrive('dead')), 'InvalidParameterValueException', /does not allow/);
  await allow({ redrivePermission: 'byQueue', sourceQueueArns: [arn('q')] });
  await create('q', redrive('dead'));
  await refused(create('p', redrive('dead')), 'InvalidParameterValueException', /does not allow/);
  const sources = await call('ListDeadLetterSourceQueues', { QueueUrl: dead });
  assert.deepEqual(sources['queueUrls'], ['http://127.0.0.1:9000/000000000000/q']);
});

test('lists have pages when they are asked for', async () => {
  const { create, call } = open();
  assert.deepEqual(await call('ListQueues'), { QueueUrls: undefined, NextToken: undefined });
  for (const name of ['b1', 'a', 'b3', 'b2', 'c']) await create(name);
  const names: string[] = [];
  let NextToken: unknown;
  let pages = 0;
  do {
    const input = { QueueNamePrefix: 'b', MaxResults: 2, ...(NextToken === undefined ? {} : { NextToken }) };
    const output = await call('ListQueues', input);
    names.push(...(output['QueueUrls'] as string[]).map((url) => url.slice(url.lastIndexOf('/') + 1)));
    ({ NextToken } = output);
    pages += 1;
  } while (NextToken !== undefined);
  assert.deepEqual([names, pages], [['b1', 'b2', 'b3'], 2]);
  assert.equal(((await call('ListQueues'))['QueueUrls'] as string[]).length, 5);
  await refused(call('ListQueues', { MaxResults: 0 }), 'InvalidParameterValueException');
  await refused(call('ListQueues', { MaxResults: 1001 }), 'InvalidParameterValueException');
  await refused(call('ListQueues', { MaxResults: 1, NextToken: '!!' }), 'InvalidParameterValueException');
});

test('queues are named by any address of this host, and by no other account', async () => {
  const { create, send } = open();
  await create('q');
  for (const url of ['http://elsewhere:1/000000000000/q', '/000000000000/q', 'https://x/000000000000/q/']) {
    await send(url, 'x');
  }
  await refused(send('http://x/111111111111/q', 'x'), 'QueueDoesNotExist');
  await refused(send('http://x/000000000000/p', 'x'), 'QueueDoesNotExist');
  await refused(send('q', 'x'), 'InvalidAddress');
  await refused(send('', 'x'), 'MissingRequiredParameterException');
});

test('tags come and go, and are bounded', async () => {
  const { create, call } = open();
  const url = await create('q');
  const tag = (Tags: object) => call('TagQueue', { QueueUrl: url, Tags });
  await tag({ a: '1', b: '' });
  await tag({ a: '2', 'a:b/c': 'ä' });
  await call('UntagQueue', { QueueUrl: url, TagKeys: ['b', 'none'] });
  assert.deepEqual(await call('ListQueueTags', { QueueUrl: url }), { Tags: { a: '2', 'a:b/c': 'ä' } });
  await refused(tag({}), 'MissingRequiredParameterException');
  await refused(tag({ 'aws:x': '1' }), 'InvalidParameterValueException');
  await refused(tag({ ['k'.repeat(129)]: '1' }), 'InvalidParameterValueException');
  await refused(tag({ k: 'v'.repeat(257) }), 'InvalidParameterValueException');
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v']));
  await refused(tag(many), 'InvalidParameterValueException', /Too many tags/);
});

test('permissions are statements of the policy', async () => {
  const { create, call, attribute } = open();
  const url = await create('q');
  const add = (Label: string, Actions: readonly string[], AWSAccountIds = ['111111111111']) =>
    call('AddPermission', { QueueUrl: url, Label, Actions, AWSAccountIds });
  await add('one', ['ReceiveMessage', 'SendMessage']);
  await add('two', ['*'], ['111111111111', '222222222222']);
  assert.deepEqual(JSON.parse((await attribute(url, 'Policy')) ?? ''), {
    Version: '2008-10-17',
    Id: `${arn('q')}/__default_policy_ID`,
    Statement: [
      {
        Sid: 'one',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: ['SQS:ReceiveMessage', 'SQS:SendMessage'],
        Resource: arn('q'),
      },
      {
        Sid: 'two',
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::111111111111:root', 'arn:aws:iam::222222222222:root'] },
        Action: 'SQS:*',
        Resource: arn('q'),
      },
    ],
  });
  await refused(add('one', ['*']), 'InvalidParameterValueException', /Already exists/);
  await refused(add('three', ['DeleteQueue']), 'InvalidParameterValueException', /Only the queue owner/);
  await refused(add('three', []), 'MissingRequiredParameterException');
  await refused(add('three', ['*'], ['nobody']), 'InvalidParameterValueException', /Unable to verify/);
  await refused(
    add(
      'three',
      Array.from({ length: 8 }, () => 'SendMessage'),
    ),
    'OverLimit',
  );
  await call('RemovePermission', { QueueUrl: url, Label: 'one' });
  await call('RemovePermission', { QueueUrl: url, Label: 'two' });
  assert.equal(await attribute(url, 'Policy'), undefined);
  await refused(
    call('RemovePermission', { QueueUrl: url, Label: 'two' }),
    'InvalidParameterValueException',
    /can't find label/,
  );
});

test('a queue that was deleted is gone with its messages, also for one of the same name', async () => {
  const { create, call, send, bodies, sqs, clock } = open();
  const url = await create('q');
  await send(url, 'x');
  await call('DeleteQueue', { QueueUrl: url });
  await refused(call('DeleteQueue', { QueueUrl: url }), 'QueueDoesNotExist');
  await refused(send(url, 'x'), 'QueueDoesNotExist');
  clock.advance(60_000);
  await create('q');
  assert.deepEqual(await bodies(url), []);
  await sqs.close();
});

test('the name of a queue that was deleted is free after 60 seconds, also over a restart', async () => {
  const opened = open();
  const { create, call, clock } = opened;
  for (const name of ['q', 'other', 'third']) {
    await call('DeleteQueue', { QueueUrl: await create(name) });
    clock.advance(10_000);
  }
  await create('fourth');
  clock.advance(29_999);
  const words = /^You must wait 60 seconds after deleting a queue before/;
  await refused(create('q'), 'QueueDeletedRecently', words);
  await opened.sqs.close();
  const again = opened.reopen();
  await refused(again.create('q'), 'QueueDeletedRecently', words);
  clock.advance(1);
  await again.create('q');
  clock.setWall(clock.wallMs() - 86_400_000);
  const set = again.reopen();
  await refused(set.create('third'), 'QueueDeletedRecently', words);
  clock.advance(60_000);
  for (const name of ['other', 'third']) await set.create(name);
});

test('a purge takes everything, once a minute', async () => {
  const { create, call, send, bodies, clock, attribute } = open();
  const url = await create('q');
  await send(url, 'a');
  await send(url, 'b', { DelaySeconds: 5 });
  await call('PurgeQueue', { QueueUrl: url });
  assert.equal(await attribute(url, 'ApproximateNumberOfMessagesDelayed'), '0');
  assert.deepEqual(await bodies(url), []);
  await refused(
    call('PurgeQueue', { QueueUrl: url }),
    'PurgeQueueInProgress',
    /^Only one PurgeQueue operation on q is allowed every 60 seconds\.$/,
  );
  clock.advance(60_000);
  await call('PurgeQueue', { QueueUrl: url });
});

test('queues, attributes and tags are as they were after a restart, and what was being dropped is dropped', async () => {
  const opened = open();
  const url = await opened.create('q', { VisibilityTimeout: '7' });
  await opened.create('dead');
  await opened.call('SetQueueAttributes', { QueueUrl: url, Attributes: redrive('dead', 2) });
  await opened.call('TagQueue', { QueueUrl: url, Tags: { a: 'b' } });
  await opened.send(url, 'kept', { MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } });
  const again = opened.reopen();
  assert.equal(await again.attribute(url, 'VisibilityTimeout'), '7');
  assert.deepEqual((await again.call('ListQueueTags', { QueueUrl: url }))['Tags'], { a: 'b' });
  const sources = await again.call('ListDeadLetterSourceQueues', { QueueUrl: '/000000000000/dead' });
  assert.deepEqual(sources['queueUrls'], [url]);
  const [message] = await again.receive(url, { MessageAttributeNames: ['All'] });
  assert.deepEqual(
    [message?.Body, message?.MessageAttributes],
    ['kept', { n: { DataType: 'Number', StringValue: '1' } }],
  );
  await settle();
  assert.deepEqual([...opened.faults, ...again.faults], []);
});

test('there is a bound on queues', async () => {
  const { create } = open({ limits: { queuesMax: 1 } });
  await create('a');
  await refused(create('b'), 'OverLimit');
});

test('who closes before everything was read waits for that, and the store can go', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lambkin-sqs-'));
  try {
    const engine = await openSqlite(join(directory, 'store.db'), {
      clock: systemClock,
      entropy: systemEntropy,
    });
    const { sqs, faults } = open(engine);
    await sqs.close();
    await engine.close();
    await settle();
    assert.deepEqual(faults, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
