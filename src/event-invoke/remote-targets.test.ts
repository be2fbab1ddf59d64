/** Destinations over HTTP, against a server that stands for them. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { FakeClock, seededEntropy } from '#platform';
import { deliver, type Delivery, type EventTargets } from './destinations.ts';
import { type AwsServer, openAwsServer } from './fixtures/aws-server.ts';
import { settledEvent } from './fixtures/event.ts';
import { deliveryMs } from './limits.ts';
import { remoteTargets } from './remote-targets.ts';

let server: AwsServer;
let clock: FakeClock;
let targets: EventTargets;
const denied = new Set<string>();

before(async () => (server = await openAwsServer()));
after(() => server.close());
beforeEach(() => {
  server.received.length = 0;
  server.answer = { statusCode: 200, body: '{}' };
  denied.clear();
  clock = new FakeClock(Date.parse('2026-02-03T04:05:06.789Z'));
  const { endpoint } = server;
  targets = remoteTargets({
    region: 'us-east-1',
    endpoints: { sqs: endpoint, sns: `${endpoint}/`, events: endpoint, s3: endpoint, dynamodb: endpoint },
    roleMay: (_roleArn, action, resource) => !denied.has(`${action} ${resource}`),
    roleCredentials: (roleArn, sessionName) => ({
      accessKeyId: `ASIA-${sessionName}`,
      secretAccessKey: 'secret',
      sessionToken: `token of ${roleArn}`,
    }),
    clock,
    entropy: seededEntropy(1),
  });
});

const response = { statusCode: 200, executedVersion: '1', functionError: 'Unhandled' };
const delivery = (arn: string, purpose: Delivery['purpose'] = 'record'): Delivery => ({
  arn,
  roleArn: 'arn:aws:iam::000000000000:role/any',
  purpose,
  event: settledEvent({ response, errorMessage: 'no & "why"' }),
  body: Buffer.from('{"x":"ü&1"}'),
});
const sqs = 'arn:aws:sqs:eu-west-1:111111111111:jobs';
const sns = 'arn:aws:sns:us-east-1:000000000000:news';
const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/main';
const bucket = 'arn:aws:s3:::failures';
const only = () => {
  assert.equal(server.received.length, 1);
  const [request] = server.received;
  assert.ok(request !== undefined);
  return request;
};

test('SQS gets a message, signed in the name of the role for the region of the queue', async () => {
  assert.deepEqual(await deliver(targets, delivery(sqs)), { kind: 'delivered' });
  const { headers, body, path } = only();
  assert.deepEqual([path, headers['x-amz-target']], ['/', 'AmazonSQS.SendMessage']);
  assert.match(
    String(headers['authorization']),
    /Credential=ASIA-hello\/20260203\/eu-west-1\/sqs\/aws4_request/,
  );
  assert.equal(headers['x-amz-security-token'], 'token of arn:aws:iam::000000000000:role/any');
  assert.deepEqual(JSON.parse(body), {
    QueueUrl: `${server.endpoint}/111111111111/jobs`,
    MessageBody: '{"x":"ü&1"}',
  });
});

test('a dead letter has its three attributes, in each protocol', async () => {
  await deliver(targets, delivery(sqs, 'dead-letter'));
  await deliver(targets, delivery(sns, 'dead-letter'));
  const [message, notification] = server.received;
  const requestId = '11111111-1111-4111-8111-111111111111';
  assert.deepEqual((JSON.parse(message?.body ?? '') as Record<string, unknown>)['MessageAttributes'], {
    RequestID: { DataType: 'String', StringValue: requestId },
    ErrorCode: { DataType: 'Number', StringValue: '200' },
    ErrorMessage: { DataType: 'String', StringValue: 'no & "why"' },
  });
  const form = Object.fromEntries(new URLSearchParams(notification?.body));
  assert.deepEqual(form, {
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: sns,
    Message: '{"x":"ü&1"}',
    'MessageAttributes.entry.1.Name': 'RequestID',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': requestId,
    'MessageAttributes.entry.2.Name': 'ErrorCode',
    'MessageAttributes.entry.2.Value.DataType': 'Number',
    'MessageAttributes.entry.2.Value.StringValue': '200',
    'MessageAttributes.entry.3.Name': 'ErrorMessage',
    'MessageAttributes.entry.3.Value.DataType': 'String',
    'MessageAttributes.entry.3.Value.StringValue': 'no & "why"',
  });
});

function failEntry(ErrorCode: string): void {
  const body = JSON.stringify({ FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'm' }] });
  server.answer = { statusCode: 200, body };
}

test('EventBridge gets an entry, and says by entry what it did not take', async () => {
  await deliver(targets, delivery(bus));
  const { headers, body } = only();
  assert.equal(headers['x-amz-target'], 'AWSEvents.PutEvents');
  assert.deepEqual(JSON.parse(body), {
    Entries: [
      {
        Source: 'lambda',
        DetailType: 'Lambda Function Invocation Result - Failure',
        Resources: [bus, 'arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST'],
        Detail: '{"x":"ü&1"}',
        EventBusName: bus,
        Time: Math.floor(clock.wallMs() / 1_000),
      },
    ],
  });
  failEntry('InternalFailure');
  assert.equal((await deliver(targets, delivery(bus))).kind, 'unavailable');
  failEntry('MalformedDetail');
  assert.deepEqual(await deliver(targets, delivery(bus)), { kind: 'refused', reason: 'MalformedDetail: m' });
});

test("S3 gets an object under AWS's name", async () => {
  await deliver(targets, delivery(bucket));
  const { method, path, headers, body } = only();
  assert.equal(method, 'PUT');
  assert.match(
    path,
    /^\/failures\/aws\/lambda\/async\/hello\/2026\/02\/03\/2026-02-03T04\.05\.06-[0-9a-f-]{36}$/,
  );
  assert.match(String(headers['x-amz-content-sha256']), /^[0-9a-f]{64}$/);
  assert.equal(body, '{"x":"ü&1"}');
});

test('what the role may not do is not tried', async () => {
  denied.add(`sqs:SendMessage ${sqs}`);
  const outcome = await deliver(targets, delivery(sqs));
  assert.equal(outcome.kind, 'refused');
  assert.match('reason' in outcome ? outcome.reason : '', /not allowed to perform sqs:SendMessage/);
  assert.equal(server.received.length, 0);
});

test('a refusal is final, trouble is not', async () => {
  const kinds: string[] = [];
  for (const [statusCode, body] of [
    [400, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}'],
    [403, '<Error><Code>AccessDenied</Code></Error>'],
    [400, '{"__type":"ThrottlingException"}'],
    [429, ''],
    [503, ''],
  ] as const) {
    server.answer = { statusCode, body };
    kinds.push((await deliver(targets, delivery(sqs))).kind);
  }
  assert.deepEqual(kinds, ['refused', 'refused', 'unavailable', 'unavailable', 'unavailable']);
});

test('a destination that hangs, cuts or is not there ends with its time, not ours', async () => {
  server.answer = 'cut';
  assert.equal((await deliver(targets, delivery(sns))).kind, 'unavailable');
  server.answer = 'hang';
  const hanging = deliver(targets, delivery(sns));
  while (server.received.length < 2) await new Promise<void>((resolve) => void setImmediate(resolve));
  clock.advance(deliveryMs);
  const outcome = await hanging;
  assert.match('reason' in outcome ? outcome.reason : '', /no answer in time \(10 s\)/);
  assert.equal(clock.timers, 0);
});

test('what is too large, or has no endpoint, is refused by name', async () => {
  const large = { ...delivery(sns), body: Buffer.alloc(256 * 1024 + 1) };
  assert.match(JSON.stringify(await deliver(targets, large)), /262145 bytes, and sns takes 262144/);
  const outcome = await deliver({}, delivery(sns));
  assert.match('reason' in outcome ? outcome.reason : '', /--endpoint sns=/);
  assert.equal((await deliver(targets, delivery('arn:aws:dynamodb:us-east-1:0:table/t'))).kind, 'refused');
});
