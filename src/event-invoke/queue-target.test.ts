/** Destinations that are Lambkin's own queues. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from './destinations.ts';
import { settledEvent } from './fixtures/event.ts';
import { type OwnQueues, queueTarget } from './queue-target.ts';

const arn = 'arn:aws:sqs:us-east-1:000000000000:letters';
const roleArn = 'arn:aws:iam::000000000000:role/any';
const delivery = (given: Partial<Delivery> = {}): Delivery => ({
  arn,
  roleArn,
  purpose: 'record',
  event: settledEvent({ errorMessage: 'no' }),
  body: Buffer.from('{"x":1}'),
  ...given,
});

type Sent = Parameters<OwnQueues['send']>;

function target(outcome: Awaited<ReturnType<OwnQueues['send']>>['kind'], may: boolean | undefined = true) {
  const sent: Sent[] = [];
  const asked: unknown[] = [];
  const deliverTo = queueTarget({
    accountId: '000000000000',
    region: 'us-east-1',
    queues: {
      policyOf: () => '{"a":"policy"}',
      send(...given) {
        sent.push(given);
        return Promise.resolve(outcome === 'refused' ? { kind: outcome, reason: 'no' } : { kind: outcome });
      },
    },
    roleMay(...question) {
      asked.push(question);
      return may;
    },
    senderIdOf: (role, session) => `id of ${role}:${session}`,
  });
  return { sent, asked, deliver: (given?: Partial<Delivery>) => deliverTo.deliver(delivery(given)) };
}

test('a record is a message, sent by the role of the function', async () => {
  const { sent, asked, deliver } = target('sent');
  assert.deepEqual(await deliver(), { kind: 'delivered' });
  assert.deepEqual(sent, [
    [
      arn,
      [
        {
          body: '{"x":1}',
          traceHeader: 'Root=1-00000000-000000000000000000000000',
          senderId: `id of ${roleArn}:hello`,
        },
      ],
    ],
  ]);
  assert.deepEqual(asked, [[roleArn, 'sqs:SendMessage', arn, '{"a":"policy"}']], "the queue's policy counts");
});

test('a dead letter has its attributes', async () => {
  const { sent, deliver } = target('sent');
  await deliver({ purpose: 'dead-letter' });
  assert.deepEqual(sent[0]?.[1][0]?.attributes, {
    RequestID: { type: 'String', text: '11111111-1111-4111-8111-111111111111' },
    ErrorCode: { type: 'Number', text: '200' },
    ErrorMessage: { type: 'String', text: 'no' },
  });
});

test('what is in the way says so', async () => {
  assert.deepEqual(await target('no-queue').deliver(), { kind: 'refused', reason: 'there is no such queue' });
  assert.deepEqual(await target('refused').deliver(), { kind: 'refused', reason: 'no' });
  assert.equal((await target('unavailable').deliver()).kind, 'unavailable');
  const denied = target('sent', false);
  assert.match(JSON.stringify(await denied.deliver()), /not allowed to perform sqs:SendMessage/);
  assert.equal(denied.sent.length, 0);
  assert.equal(
    (await target('sent', undefined).deliver()).kind,
    'delivered',
    'a role that IAM does not know',
  );
  const large = await target('sent').deliver({ body: Buffer.alloc(1024 * 1024 + 1) });
  assert.equal(large.kind, 'refused');
  const foreign = await target('sent').deliver({ arn: arn.replace('us-east-1', 'eu-west-1') });
  assert.match(JSON.stringify(foreign), /another account or region/);
});
