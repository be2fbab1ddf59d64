/** The queues as Lambkin's own parts use them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arn, open } from './fixtures/opened.ts';

const { signal } = new AbortController();

test('what is sent by one way is received by the other', async () => {
  const { create, send, receive, sqs, clock } = open();
  const { queues } = sqs;
  const url = await create('q', { VisibilityTimeout: '9' });
  const q = arn('q');
  assert.deepEqual(queues.find(q), {
    arn: q,
    name: 'q',
    fifo: false,
    visibilityTimeoutMs: 9000,
    messageBytesMax: 1_048_576,
  });
  await send(url, 'from outside', {
    MessageAttributes: { b: { DataType: 'Binary', BinaryValue: Uint8Array.of(1) } },
  });
  const received = await queues.receive(q, { max: 1000, waitMs: 0, signal });
  assert.ok(received.kind === 'received');
  const [message] = received.messages;
  assert.deepEqual(message?.attributes, {
    ApproximateFirstReceiveTimestamp: String(clock.wallMs()),
    ApproximateReceiveCount: '1',
    SenderId: '000000000000',
    SentTimestamp: String(clock.wallMs()),
  });
  assert.ok('bytes' in (message?.messageAttributes['b'] ?? {}));
  assert.equal(await queues.changeVisibility(q, message?.receiptHandle ?? '', 0), 'done');
  assert.deepEqual(await queues.depth(q), { visible: 1, inFlight: 0, delayed: 0 });
  const [again] = await receive(url);
  assert.equal(await queues.delete(q, again?.ReceiptHandle ?? ''), 'done');

  const attributes = { RequestID: { type: 'String', text: 'r' } };
  const sent = await queues.send(q, [
    { body: 'from inside', attributes, senderId: 'AIDA', traceHeader: 'Root=1' },
  ]);
  assert.ok(sent.kind === 'sent');
  const [back] = await receive(url, { AttributeNames: ['All'], MessageAttributeNames: ['All'] });
  assert.equal(back?.MessageId, sent.messageIds[0]);
  assert.equal(back?.Attributes?.['SenderId'], 'AIDA');
  assert.equal(back?.Attributes?.['AWSTraceHeader'], 'Root=1');
  assert.deepEqual(back?.MessageAttributes, { RequestID: { DataType: 'String', StringValue: 'r' } });
});

test('a wait ends with a message', async () => {
  const { create, send, sqs } = open();
  const url = await create('q');
  const waiting = sqs.queues.receive(arn('q'), { max: 10, waitMs: 20_000, signal });
  await send(url, 'x');
  const outcome = await waiting;
  assert.equal(outcome.kind === 'received' && outcome.messages[0]?.body, 'x');
});

test('what cannot be is an outcome, not an error', async () => {
  const { create, sqs } = open({ limits: { inFlightMax: 1 } });
  const { queues } = sqs;
  const none = arn('none');
  assert.equal(queues.find(none), undefined);
  assert.deepEqual(await queues.send(none, [{ body: 'x', senderId: 's' }]), { kind: 'no-queue' });
  assert.deepEqual(await queues.receive(none, { max: 1, waitMs: 0, signal }), { kind: 'no-queue' });
  assert.equal(await queues.delete(none, 'x'), 'no-queue');
  assert.equal(await queues.depth(none), undefined);
  await create('q');
  const q = arn('q');
  const refused = await queues.send(q, [{ body: '', senderId: 's' }]);
  assert.equal(refused.kind, 'refused');
  assert.equal(await queues.delete(q, 'nonsense'), 'lost');
  assert.equal(await queues.changeVisibility(q, 'nonsense', 0), 'lost');
  await queues.send(q, [
    { body: '1', senderId: 's' },
    { body: '2', senderId: 's' },
  ]);
  await queues.receive(q, { max: 1, waitMs: 0, signal });
  assert.deepEqual(await queues.receive(q, { max: 1, waitMs: 0, signal }), { kind: 'unavailable' });
});
