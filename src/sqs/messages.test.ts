/** Messages: sending, receiving, deleting, hiding, and what is refused. Time is advanced, never waited for. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { arn, open, redrive, refused, settle } from './fixtures/opened.ts';

const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

test('a message arrives whole, with its attributes and what is known of it', async () => {
  const { create, call, receive, clock } = open();
  const url = await create('q');
  const sent = await call('SendMessage', {
    QueueUrl: url,
    MessageBody: 'hi é',
    MessageGroupId: 'tenant',
    MessageAttributes: {
      text: { DataType: 'String.kind', StringValue: 'x' },
      bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
    },
    MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
  });
  clock.advance(5);
  const [message] = await receive(url, { AttributeNames: ['All'], MessageAttributeNames: ['All'] });
  assert.equal(message?.Body, 'hi é');
  assert.equal(message?.MD5OfBody, md5('hi é'));
  assert.equal(message?.MessageId, sent['MessageId']);
  assert.equal(message?.MD5OfMessageAttributes, sent['MD5OfMessageAttributes']);
  assert.deepEqual(message?.MessageAttributes?.['text'], { DataType: 'String.kind', StringValue: 'x' });
  const bytes = { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) };
  assert.deepEqual(message?.MessageAttributes?.['bytes'], bytes);
  assert.deepEqual(message?.Attributes, {
    SenderId: '000000000000',
    SentTimestamp: String(clock.wallMs() - 5),
    ApproximateFirstReceiveTimestamp: String(clock.wallMs()),
    ApproximateReceiveCount: '1',
    AWSTraceHeader: 'Root=1',
    MessageGroupId: 'tenant',
  });
});

test('the digest of attributes is the one that AWS clients compute', async () => {
  const { create, call } = open();
  const url = await create('q');
  // Recorded on AWS: Hello=There, General=Kenobi, Help.Me=Me.
  const MessageAttributes = {
    Hello: attribute('There'),
    General: attribute('Kenobi'),
    'Help.Me': attribute('Me'),
  };
  const sent = await call('SendMessage', { QueueUrl: url, MessageBody: 'msg', MessageAttributes });
  assert.equal(sent['MD5OfMessageAttributes'], '4c360f3fdafd970e05fae2f149d997f5');
  const digest = async (...MessageAttributeNames: readonly string[]) => {
    const output = await call('ReceiveMessage', {
      QueueUrl: url,
      MessageAttributeNames,
      VisibilityTimeout: 0,
    });
    const [message] = output['Messages'] as { MD5OfMessageAttributes?: string }[];
    return message?.MD5OfMessageAttributes;
  };
  assert.equal(await digest(), undefined);
  assert.equal(await digest('All'), '4c360f3fdafd970e05fae2f149d997f5');
  assert.equal(await digest('.*'), '4c360f3fdafd970e05fae2f149d997f5');
  assert.equal(await digest('Hello', 'General'), 'fca026605781cb4126a1e9044df24232');
  assert.equal(await digest('Hello', 'nothing'), 'a311262e065454b75da111d535b8dacd');
  assert.equal(await digest('nothing'), undefined);
});

test('only what is asked for of a message is told', async () => {
  const { create, send, receive } = open();
  const url = await create('q');
  await send(url, 'x', { MessageAttributes: { a: { DataType: 'String', StringValue: '1' } } });
  const [bare] = await receive(url, { VisibilityTimeout: 0 });
  assert.deepEqual([bare?.Attributes, bare?.MessageAttributes], [undefined, undefined]);
  const names = { MessageSystemAttributeNames: ['SenderId'], AttributeNames: ['ApproximateReceiveCount'] };
  const [some] = await receive(url, names);
  assert.deepEqual(some?.Attributes, { SenderId: '000000000000', ApproximateReceiveCount: '2' });
  await refused(receive(url, { AttributeNames: ['Nope'] }), 'InvalidAttributeName');
});

test('messages that no queue takes are refused by AWS’s words', async () => {
  const { create, call, send } = open();
  const url = await create('q', { MaximumMessageSize: '1024' });
  const parameter = 'InvalidParameterValueException';
  await refused(call('SendMessage', { QueueUrl: url }), 'MissingRequiredParameterException', /MessageBody/);
  await refused(send(url, ''), 'MissingRequiredParameterException');
  await refused(send(url, 'a\u0000'), 'InvalidMessageContents');
  await refused(send(url, '\ud800'), 'InvalidMessageContents');
  await refused(send(url, '\uffff'), 'InvalidMessageContents');
  await send(url, '\t\r\n\u{10ffff}');
  await refused(send(url, 'x'.repeat(1025)), parameter, /Message must be shorter than 1024 bytes/);
  await refused(send(url, 'é'.repeat(513)), parameter, /shorter/);
  const withAttribute = (name: string, value: object) =>
    send(url, 'x', { MessageAttributes: { [name]: value } });
  const text = { DataType: 'String', StringValue: 'v' };
  await refused(
    withAttribute('a', { DataType: 'String', StringValue: 'v'.repeat(1020) }),
    parameter,
    /shorter/,
  );
  await refused(
    withAttribute('a', { DataType: 'String', StringValue: '' }),
    parameter,
    /must contain a non-empty value of type 'String'/,
  );
  await refused(withAttribute('a', { DataType: 'Text', StringValue: 'v' }), parameter, /type/);
  await refused(withAttribute('a', { StringValue: 'v' }), parameter, /non-empty attribute type/);
  await refused(withAttribute('a', { DataType: 'Binary', StringValue: 'v' }), parameter, /'Binary'/);
  await refused(withAttribute('a', { DataType: 'Number', StringValue: 'one' }), parameter, /to a number/);
  for (const name of ['AWS.x', 'amazon.x', '.x', 'x.', 'x..y', 'x y', 'x'.repeat(257)]) {
    await refused(withAttribute(name, text), parameter, /MessageAttributeName/);
  }
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, text]));
  await refused(
    send(url, 'x', { MessageAttributes: many }),
    parameter,
    /\[11\] exceeds the allowed maximum \[10\]/,
  );
  await refused(send(url, 'x', { DelaySeconds: 901 }), parameter, /DelaySeconds must be >= 0 and <= 900/);
  await refused(send(url, 'x', { MessageDeduplicationId: 'd' }), parameter, /not valid for this queue type/);
  await refused(send(url, 'x', { MessageSystemAttributes: { Other: text } }), parameter);
});

test('what is not deleted comes back; what is deleted does not', async () => {
  const { create, call, send, receive, bodies, clock } = open();
  const url = await create('q', { VisibilityTimeout: '10' });
  await send(url, 'x');
  const [first] = await receive(url);
  assert.deepEqual(await bodies(url), []);
  clock.advance(10_000);
  const [second] = await receive(url);
  // A receipt of before does no harm: the message is with somebody else.
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle });
  const old = { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 };
  await refused(call('ChangeMessageVisibility', old), 'InvalidParameterValueException', /not available/);
  clock.advance(10_000);
  assert.deepEqual(await bodies(url), ['x']);
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: second?.ReceiptHandle });
  clock.advance(10_000);
  const [third] = await receive(url);
  clock.advance(20_000);
  // Nobody received it since: the receipt still serves.
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: third?.ReceiptHandle });
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: third?.ReceiptHandle });
  assert.deepEqual(await bodies(url), []);
});

test('visibility is changed within twelve hours of the reception', async () => {
  const { create, call, send, receive, bodies, clock } = open();
  const url = await create('q');
  await send(url, 'x');
  const [message] = await receive(url);
  const change = (VisibilityTimeout: unknown, ReceiptHandle: unknown = message?.ReceiptHandle) =>
    call('ChangeMessageVisibility', { QueueUrl: url, ReceiptHandle, VisibilityTimeout });
  await change(43_200);
  clock.advance(1000);
  await refused(change(43_200), 'InvalidParameterValueException', /beyond the limit \[43200 seconds\]/);
  await refused(change(43_201), 'InvalidParameterValueException');
  await refused(change(-1), 'InvalidParameterValueException');
  await refused(change(undefined), 'MissingRequiredParameterException');
  await refused(change(0, 'garbage'), 'ReceiptHandleIsInvalid');
  await refused(change(0, 'x'.repeat(5000)), 'ReceiptHandleIsInvalid');
  const other = await create('other');
  const elsewhere = { QueueUrl: other, ReceiptHandle: message?.ReceiptHandle };
  await refused(call('DeleteMessage', elsewhere), 'ReceiptHandleIsInvalid');
  await change(0);
  assert.deepEqual(await bodies(url), ['x']);
});

test('delays hide messages: the queue’s, or the message’s own', async () => {
  const { create, send, bodies, clock } = open();
  const url = await create('q', { DelaySeconds: '5' });
  await send(url, 'queue');
  await send(url, 'own', { DelaySeconds: 9 });
  await send(url, 'none', { DelaySeconds: 0 });
  assert.deepEqual(await bodies(url), ['none']);
  clock.advance(5000);
  assert.deepEqual(await bodies(url), ['queue']);
  clock.advance(4000);
  assert.deepEqual(await bodies(url), ['own']);
});

test('a message that was received too often moves to the dead-letter queue, as it is', async () => {
  const { create, send, receive, bodies, clock } = open();
  const dead = await create('dead');
  const url = await create('q', { VisibilityTimeout: '1', ...redrive('dead', 2) });
  const sent = await send(url, 'x', { MessageAttributes: { a: { DataType: 'String', StringValue: '1' } } });
  const sentAtMs = clock.wallMs();
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await bodies(url), ['x']);
    clock.advance(1000);
  }
  await send(url, 'y');
  assert.deepEqual(await bodies(url), ['y']);
  const [message] = await receive(dead, { AttributeNames: ['All'], MessageAttributeNames: ['a'] });
  assert.equal(message?.MessageId, sent['MessageId']);
  assert.equal(message?.Attributes?.['DeadLetterQueueSourceArn'], arn('q'));
  assert.equal(message?.Attributes?.['SentTimestamp'], String(sentAtMs));
  assert.deepEqual(message?.MessageAttributes, { a: { DataType: 'String', StringValue: '1' } });
});

test('without its dead-letter queue a message stays', async () => {
  const { create, call, send, bodies, clock } = open();
  const dead = await create('dead');
  const url = await create('q', { VisibilityTimeout: '1', ...redrive('dead') });
  await send(url, 'x');
  await call('DeleteQueue', { QueueUrl: dead });
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await bodies(url), ['x']);
    clock.advance(1000);
  }
});

test('messages are kept for the retention period: nobody receives them later, and the sweep deletes them', async () => {
  const { create, send, bodies, clock, attribute, sqs } = open();
  const url = await create('q', { MessageRetentionPeriod: '60' });
  const swept = await create('swept', { MessageRetentionPeriod: '60' });
  await send(url, 'old');
  await send(swept, 'old');
  clock.advance(59_999);
  await send(url, 'new');
  clock.advance(1);
  assert.deepEqual(await bodies(url), ['new']);
  await settle();
  assert.equal(await attribute(swept, 'ApproximateNumberOfMessages'), '0');
  await sqs.close();
});

test('too much in flight is refused, until some of it is not any more', async () => {
  const { create, call, send, receive, clock } = open({ limits: { inFlightMax: 3 } });
  const url = await create('q', { VisibilityTimeout: '60' });
  for (const body of 'abcde') await send(url, body);
  const [first] = await receive(url, { MaxNumberOfMessages: 3 });
  await refused(receive(url), 'OverLimit');
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle });
  assert.equal((await receive(url, { MaxNumberOfMessages: 1 })).length, 1);
  await refused(receive(url), 'OverLimit');
  clock.advance(60_000);
  assert.ok((await receive(url, { MaxNumberOfMessages: 1 })).length > 0);
});

test('batches: each entry by itself, the batch as a whole where it is none', async () => {
  const { create, call, bodies } = open();
  const url = await create('q');
  const send = (Entries: readonly object[]) => call('SendMessageBatch', { QueueUrl: url, Entries });
  const output = await send([
    { Id: 'a', MessageBody: 'x' },
    { Id: 'b', MessageBody: 'y', DelaySeconds: 1000 },
    { Id: 'c', MessageBody: '\u0001' },
    { Id: 'd' },
  ]);
  const failed = output['Failed'] as { Id: string; Code: string; SenderFault: boolean }[];
  assert.deepEqual(
    failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]),
    [
      ['b', 'InvalidParameterValue', true],
      ['c', 'InvalidMessageContents', true],
      ['d', 'MissingParameter', true],
    ],
  );
  assert.equal((output['Successful'] as { Id: string }[])[0]?.Id, 'a');
  assert.deepEqual(await bodies(url), ['x']);
  await refused(send([]), 'EmptyBatchRequest', /SendMessageBatchRequestEntry/);
  await refused(
    send(Array.from({ length: 11 }, (_, Id) => ({ Id: String(Id), MessageBody: 'x' }))),
    'TooManyEntriesInBatchRequest',
    /You have sent 11/,
  );
  await refused(
    send([
      { Id: 'a', MessageBody: 'x' },
      { Id: 'a', MessageBody: 'x' },
    ]),
    'BatchEntryIdsNotDistinct',
    /Id a repeated/,
  );
  for (const Id of ['', 'a b', 'a:b', 'x'.repeat(81)])
    await refused(send([{ Id, MessageBody: 'x' }]), 'InvalidBatchEntryId');
  const half = 'x'.repeat(524_289);
  await refused(
    send([
      { Id: 'a', MessageBody: half },
      { Id: 'b', MessageBody: half },
    ]),
    'BatchRequestTooLong',
    /You have sent 1048578 bytes/,
  );
  assert.deepEqual(await bodies(url), []);
});

test('batches of receipts', async () => {
  const { create, call, send, receive, bodies } = open();
  const url = await create('q');
  for (const body of 'ab') await send(url, body);
  const [a, b] = await receive(url);
  const changed = await call('ChangeMessageVisibilityBatch', {
    QueueUrl: url,
    Entries: [
      { Id: '1', ReceiptHandle: a?.ReceiptHandle, VisibilityTimeout: 0 },
      { Id: '2', ReceiptHandle: 'bad', VisibilityTimeout: 0 },
      { Id: '3', ReceiptHandle: b?.ReceiptHandle, VisibilityTimeout: 99_999 },
    ],
  });
  const failures = (changed['Failed'] as { Id: string; Code: string }[]).map(({ Id, Code }) => [Id, Code]);
  assert.deepEqual(failures, [
    ['2', 'ReceiptHandleIsInvalid'],
    ['3', 'InvalidParameterValue'],
  ]);
  assert.deepEqual(changed['Successful'], [{ Id: '1' }]);
  const deleted = await call('DeleteMessageBatch', {
    QueueUrl: url,
    Entries: [{ Id: 'x', ReceiptHandle: b?.ReceiptHandle }, { Id: 'y' }],
  });
  assert.deepEqual(deleted['Successful'], [{ Id: 'x' }]);
  assert.deepEqual(await bodies(url), ['a']);
});
