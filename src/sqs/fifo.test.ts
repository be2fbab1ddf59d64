/** FIFO queues: order in groups, deduplication, receipts that end, receive attempts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, redrive, refused } from './fixtures/opened.ts';

const once = (group: string, id: string) => ({ MessageGroupId: group, MessageDeduplicationId: id });

test('groups are received in order, and blocked while something of them is in flight', async () => {
  const { create, call, send, receive, bodies, clock } = open();
  const url = await create('q.fifo', { VisibilityTimeout: '10' });
  for (const word of ['a1', 'b1', 'a2', 'a3', 'b2']) await send(url, word, once(word.charAt(0), word));
  const [first, second] = await receive(url, { MaxNumberOfMessages: 2 });
  assert.deepEqual([first?.Body, second?.Body], ['a1', 'a2']);
  assert.deepEqual(await bodies(url), ['b1', 'b2']);
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle });
  assert.deepEqual(await bodies(url), []);
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: second?.ReceiptHandle });
  assert.deepEqual(await bodies(url), ['a3']);
  clock.advance(10_000);
  assert.deepEqual((await bodies(url)).toSorted().join(), 'a3,b1,b2');
});

test('a message is sent once in five minutes, by its id or its content', async () => {
  const { create, send, bodies, clock } = open();
  const url = await create('q.fifo', { ContentBasedDeduplication: 'true', VisibilityTimeout: '0' });
  const sent = await send(url, 'x', { MessageGroupId: 'g' });
  assert.match(String(sent['SequenceNumber']), /^\d{20}$/);
  const again = await send(url, 'x', { MessageGroupId: 'other' });
  assert.deepEqual(
    [again['MessageId'], again['SequenceNumber']],
    [sent['MessageId'], sent['SequenceNumber']],
  );
  await send(url, 'x', once('g', 'another-id'));
  assert.deepEqual(await bodies(url), ['x', 'x']);
  clock.advance(300_000);
  const later = await send(url, 'x', { MessageGroupId: 'g' });
  assert.ok(String(later['SequenceNumber']) > String(sent['SequenceNumber']));
});

test('deduplication per group lets other groups send the same', async () => {
  const { create, send, bodies } = open();
  const url = await create('q.fifo', { DeduplicationScope: 'messageGroup' });
  await send(url, 'x', once('a', 'i'));
  await send(url, 'x', once('b', 'i'));
  await send(url, 'x', once('b', 'i'));
  assert.deepEqual(await bodies(url), ['x', 'x']);
});

test('what a FIFO queue must know of a message is demanded', async () => {
  const { create, call, send } = open();
  const url = await create('q.fifo');
  const parameter = 'InvalidParameterValueException';
  await refused(send(url, 'x'), 'MissingRequiredParameterException', /MessageGroupId/);
  await refused(send(url, 'x', { MessageGroupId: 'g' }), parameter, /either have ContentBasedDeduplication/);
  await refused(
    send(url, 'x', { ...once('g', 'd'), DelaySeconds: 2 }),
    parameter,
    /^Value 2 for parameter DelaySeconds/,
  );
  for (const bad of ['', 'a b', 'ä', 'x'.repeat(129)]) {
    await refused(send(url, 'x', once(bad, 'd')), parameter, /MessageGroupId/);
    await refused(send(url, 'x', once('g', bad)), parameter, /MessageDeduplicationId/);
  }
  const batch = (entry: object) =>
    call('SendMessageBatch', { QueueUrl: url, Entries: [{ Id: '1', MessageBody: 'x', ...entry }] });
  await refused(
    batch({ MessageDeduplicationId: 'd' }),
    parameter,
    /must contain the parameter MessageGroupId/,
  );
  await refused(batch({ MessageGroupId: 'g' }), parameter, /either have ContentBasedDeduplication/);
});

test('a receipt ends with its visibility timeout', async () => {
  const { create, call, send, receive, clock } = open();
  const url = await create('q.fifo', { VisibilityTimeout: '10' });
  await send(url, 'x', once('g', '1'));
  const [message] = await receive(url);
  const receipt = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle };
  await call('ChangeMessageVisibility', { ...receipt, VisibilityTimeout: 20 });
  clock.advance(20_000);
  await refused(
    call('DeleteMessage', receipt),
    'InvalidParameterValueException',
    /The receipt handle has expired\.$/,
  );
  await refused(
    call('ChangeMessageVisibility', { ...receipt, VisibilityTimeout: 1 }),
    'InvalidParameterValueException',
    /expired/,
  );
  const [again] = await receive(url);
  await refused(call('DeleteMessage', receipt), 'InvalidParameterValueException', /expired/);
  const held = { QueueUrl: url, ReceiptHandle: again?.ReceiptHandle };
  await call('DeleteMessage', held);
  // A client that repeats itself has what it wanted.
  await call('DeleteMessage', held);
});

test('a receive attempt that is repeated gets the same messages, until one of them was deleted', async () => {
  const { create, call, send, receive, clock } = open();
  const url = await create('q.fifo', { VisibilityTimeout: '10' });
  for (const id of ['1', '2']) await send(url, id, once('g', id));
  const attempt = { ReceiveRequestAttemptId: 'try-1' };
  const first = await receive(url, attempt);
  clock.advance(9000);
  const second = await receive(url, attempt);
  assert.deepEqual(
    second.map(({ ReceiptHandle }) => ReceiptHandle),
    first.map(({ ReceiptHandle }) => ReceiptHandle),
  );
  // Hidden anew.
  clock.advance(9000);
  assert.deepEqual(await receive(url), []);
  await call('DeleteMessage', { QueueUrl: url, ReceiptHandle: second[0]?.ReceiptHandle });
  assert.deepEqual(await receive(url, attempt), []);
  await refused(receive(await create('plain'), attempt), 'InvalidParameterValueException', /queue type/);
});

test('a dead-letter queue takes messages with their groups; those behind go on', async () => {
  const { create, send, receive, bodies, clock } = open();
  const dead = await create('dead.fifo');
  const url = await create('q.fifo', { VisibilityTimeout: '1', ...redrive('dead.fifo') });
  await send(url, 'bad', once('g', '1'));
  await send(url, 'good', once('g', '2'));
  assert.deepEqual(await bodies(url, { MaxNumberOfMessages: 1 }), ['bad']);
  clock.advance(1000);
  assert.deepEqual(await bodies(url, { MaxNumberOfMessages: 1 }), ['good']);
  const [message] = await receive(dead, { AttributeNames: ['MessageGroupId', 'MessageDeduplicationId'] });
  assert.deepEqual(message?.Attributes, { MessageGroupId: 'g', MessageDeduplicationId: '1' });
});

test('a full FIFO queue gives nothing, and no error', async () => {
  const { create, send, bodies } = open({ limits: { inFlightMax: 1 } });
  const url = await create('q.fifo');
  await send(url, 'a', once('a', '1'));
  await send(url, 'b', once('b', '2'));
  assert.deepEqual(await bodies(url, { MaxNumberOfMessages: 1 }), ['a']);
  assert.deepEqual(await bodies(url), []);
});

test('order and deduplication survive a restart', async () => {
  const opened = open();
  const url = await opened.create('q.fifo', { ContentBasedDeduplication: 'true' });
  for (const body of ['1', '2', '3']) await opened.send(url, body, { MessageGroupId: 'g' });
  const again = opened.reopen();
  await again.send(url, '2', { MessageGroupId: 'g' });
  assert.deepEqual(await again.bodies(url), ['1', '2', '3']);
});
