/** What SQS's operations ask permission for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDocuments, memoryQueue } from '#engines/memory';
import { FakeClock, seededEntropy } from '#platform';
import { openSqs } from '#sqs';
import { accessOf } from './access.ts';
import { sqsAccess } from './sqs.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const q = 'arn:aws:sqs:us-east-1:000000000000:q';
const url = 'http://127.0.0.1:9000/000000000000/q';

function asks(operation: string, input: Readonly<Record<string, unknown>>): readonly string[] {
  const row = sqsAccess.get(operation);
  assert.ok(row !== undefined, operation);
  return accessOf(row, input, place).map(({ action, resource }) => `${action} ${resource.arn}`);
}

test('every operation that is served has a row, and no other has one', async () => {
  const clock = new FakeClock();
  const ports = {
    documents: memoryDocuments(),
    queue: memoryQueue({ clock }),
    clock,
    entropy: seededEntropy(1),
  };
  const sqs = openSqs({ ...place, ...ports });
  assert.deepEqual([...sqsAccess.keys()].toSorted(), Object.keys(sqs.handlers).toSorted());
  await sqs.close();
});

test('queues are named by their address, wherever it leads', () => {
  assert.deepEqual(asks('SendMessage', { QueueUrl: url }), [`sqs:sendmessage ${q}`]);
  assert.deepEqual(asks('SendMessage', { QueueUrl: '/000000000000/q' }), [`sqs:sendmessage ${q}`]);
  assert.deepEqual(asks('SendMessage', { QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111111111111/q/' }), [
    'sqs:sendmessage arn:aws:sqs:us-east-1:111111111111:q',
  ]);
  assert.deepEqual(asks('SendMessage', { QueueUrl: 'q' }), [`sqs:sendmessage ${q}`]);
  assert.deepEqual(asks('GetQueueUrl', { QueueName: 'q' }), [`sqs:getqueueurl ${q}`]);
  assert.deepEqual(asks('ListQueues', {}), ['sqs:listqueues arn:aws:sqs:us-east-1:000000000000:*']);
});

test('batches ask for what their single operation asks for', () => {
  for (const operation of ['SendMessage', 'DeleteMessage', 'ChangeMessageVisibility']) {
    assert.deepEqual(asks(`${operation}Batch`, { QueueUrl: url }), asks(operation, { QueueUrl: url }));
  }
});

test('a queue that is created with tags is tagged, and a move receives, deletes and sends', () => {
  assert.deepEqual(asks('CreateQueue', { QueueName: 'q', tags: { a: 'b' } }), [
    `sqs:createqueue ${q}`,
    `sqs:tagqueue ${q}`,
  ]);
  assert.deepEqual(asks('StartMessageMoveTask', { SourceArn: q, DestinationArn: `${q}2` }), [
    `sqs:startmessagemovetask ${q}`,
    `sqs:receivemessage ${q}`,
    `sqs:deletemessage ${q}`,
    `sqs:sendmessage ${q}2`,
  ]);
  const TaskHandle = Buffer.from(JSON.stringify({ taskId: 't', sourceArn: q })).toString('base64');
  assert.deepEqual(asks('CancelMessageMoveTask', { TaskHandle }), [`sqs:cancelmessagemovetask ${q}`]);
  for (const handle of ['', '!', Buffer.from('null').toString('base64')]) {
    assert.deepEqual(asks('CancelMessageMoveTask', { TaskHandle: handle }), ['sqs:cancelmessagemovetask *']);
  }
});
