/** Outcomes of events, and the messages of a mapped queue, with services that are not Lambkin's: Moto stands for SQS, SNS, EventBridge and S3. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { eventually, QueueWorld } from '../conformance/queue-world.ts';
import { type Moto, motoAccount, motoSkip, openMoto } from '../moto.ts';
import { role } from '../service.ts';

const skip = motoSkip;
let moto: Moto;
let world: QueueWorld;

before(async () => {
  if (skip !== false) return;
  moto = await openMoto();
  const services = ['sqs', 'sns', 'events', 's3'];
  world = await QueueWorld.open(services.flatMap((name) => ['--endpoint', `${name}=${moto.endpoint}`]));
});
after(async () => {
  await world?.close();
  await moto?.close();
});

interface Message {
  readonly Body: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue: string }>>;
}

interface DeliveredRecord {
  readonly requestContext: { readonly condition: string; readonly functionArn: string };
  readonly requestPayload: unknown;
  readonly responsePayload: unknown;
}

const sqsArn = (name: string): string => `arn:aws:sqs:us-east-1:${motoAccount}:${name}`;
const queueUrl = (name: string): string => `${moto.endpoint}/${motoAccount}/${name}`;
const createQueue = (QueueName: string) => moto.json('sqs', 'AmazonSQS.CreateQueue', { QueueName });

async function messageIn(name: string): Promise<Message> {
  let found: Message | undefined;
  await eventually(async () => {
    const input = { QueueUrl: queueUrl(name), MessageAttributeNames: ['All'] };
    const { Messages } = await moto.json('sqs', 'AmazonSQS.ReceiveMessage', input);
    [found] = (Messages ?? []) as readonly Message[];
    assert.ok(found !== undefined, `nothing in ${name}`);
  }, 20_000);
  assert.ok(found !== undefined);
  return found;
}

/** Makes a function, and sends it an event. It answers its event, or fails with `because`. */
async function run(
  FunctionName: string,
  config: { readonly fails?: boolean; readonly onSuccess?: string; readonly onFailure?: string },
  more: object = {},
): Promise<string> {
  const { client } = world.service;
  const body = config.fails === true ? "throw new Error('because')" : 'return event';
  const ZipFile = await archive({ 'index.mjs': `export const handler = async (event) => { ${body}; };` });
  const given = { Runtime: 'nodejs24.x', Handler: 'index.handler', Role: role, Code: { ZipFile } } as const;
  await client.send(new CreateFunctionCommand({ FunctionName, ...given, ...more }));
  const { onSuccess, onFailure } = config;
  await client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      DestinationConfig: {
        ...(onSuccess !== undefined && { OnSuccess: { Destination: onSuccess } }),
        ...(onFailure !== undefined && { OnFailure: { Destination: onFailure } }),
      },
    }),
  );
  const Payload = JSON.stringify({ to: FunctionName });
  const { $metadata } = await client.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }),
  );
  return $metadata.requestId ?? '';
}

function checkRecord(text: string, functionName: string, condition: string): void {
  const record = JSON.parse(text) as DeliveredRecord;
  assert.equal(record.requestContext.condition, condition);
  assert.match(record.requestContext.functionArn, new RegExp(`:function:${functionName}:`));
  assert.deepEqual(record.requestPayload, { to: functionName });
}

test(
  'a queue of another account gets records, and dead letters with their attributes',
  { skip },
  async () => {
    await createQueue('outcomes');
    await createQueue('letters');
    await run('to-sqs', { onSuccess: sqsArn('outcomes') });
    checkRecord((await messageIn('outcomes')).Body, 'to-sqs', 'Success');
    const DeadLetterConfig = { TargetArn: sqsArn('letters') };
    const requestId = await run('letter-to-sqs', { fails: true }, { DeadLetterConfig });
    const { Body, MessageAttributes = {} } = await messageIn('letters');
    assert.equal(Body, '{"to":"letter-to-sqs"}');
    assert.equal(MessageAttributes['RequestID']?.StringValue, requestId);
    assert.equal(MessageAttributes['ErrorMessage']?.StringValue, 'because');
  },
);

test('a topic hands records and dead letters on to who subscribed', { skip }, async () => {
  const topic = `arn:aws:sns:us-east-1:${motoAccount}:topic`;
  await moto.query('sns', 'CreateTopic', { Name: 'topic' });
  await createQueue('subscribed');
  await moto.query('sns', 'Subscribe', {
    TopicArn: topic,
    Protocol: 'sqs',
    Endpoint: sqsArn('subscribed'),
    'Attributes.entry.1.key': 'RawMessageDelivery',
    'Attributes.entry.1.value': 'true',
  });
  await run('to-sns', { fails: true, onFailure: topic });
  checkRecord((await messageIn('subscribed')).Body, 'to-sns', 'RetriesExhausted');
});

test('a bus puts records where its rules say', { skip }, async () => {
  await createQueue('ruled');
  const rule = { Name: 'all', EventPattern: JSON.stringify({ source: ['lambda'] }) };
  await moto.json('events', 'AWSEvents.PutRule', rule);
  await moto.json('events', 'AWSEvents.PutTargets', {
    Rule: 'all',
    Targets: [{ Id: 'queue', Arn: sqsArn('ruled') }],
  });
  await run('to-events', { onSuccess: `arn:aws:events:us-east-1:${motoAccount}:event-bus/default` });
  const event = JSON.parse((await messageIn('ruled')).Body) as Readonly<Record<string, unknown>>;
  assert.equal(event['detail-type'], 'Lambda Function Invocation Result - Success');
  checkRecord(JSON.stringify(event['detail']), 'to-events', 'Success');
});

test('a bucket keeps records of failures', { skip }, async () => {
  await moto.s3('PUT', '/failures');
  await run('to-s3', { fails: true, onFailure: 'arn:aws:s3:::failures' });
  let key = '';
  await eventually(async () => {
    key = /<Key>([^<]+)<\/Key>/.exec(await moto.s3('GET', '/failures?list-type=2'))?.[1] ?? '';
    assert.notEqual(key, '');
  }, 20_000);
  assert.match(key, /^aws\/lambda\/async\/to-s3\/\d{4}\/\d\d\/\d\d\//);
  checkRecord(await moto.s3('GET', `/failures/${key}`), 'to-s3', 'RetriesExhausted');
});

test('a destination that does not exist refuses, and the operator is told', { skip }, async () => {
  await run('to-nobody', { onSuccess: sqsArn('nobody') });
  await run('to-no-topic', { fails: true, onFailure: `arn:aws:sns:us-east-1:${motoAccount}:nobody` });
  await run('to-no-bucket', { fails: true, onFailure: 'arn:aws:s3:::nobody' });
  await eventually(() => {
    const output = world.service.output();
    for (const arn of [
      sqsArn('nobody'),
      `arn:aws:sns:us-east-1:${motoAccount}:nobody`,
      'arn:aws:s3:::nobody',
    ]) {
      assert.match(output, new RegExp(`${arn}.*could not be delivered`));
    }
    return Promise.resolve();
  }, 20_000);
});

test(
  'messages of a queue of another account reach the function, and are deleted there',
  { skip },
  async () => {
    await createQueue('source');
    const name = await world.function();
    await world.map(name, sqsArn('source'));
    const bodies = ['one', 'two', 'three'];
    for (const MessageBody of bodies) {
      await moto.json('sqs', 'AmazonSQS.SendMessage', { QueueUrl: queueUrl('source'), MessageBody });
    }
    await eventually(() => {
      const seen = world.seen(name).flatMap(({ event }) => event.Records.map(({ body }) => body));
      assert.deepEqual(seen.sort(), [...bodies].sort());
      return Promise.resolve();
    }, 20_000);
    await eventually(async () => {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
      const input = { QueueUrl: queueUrl('source'), AttributeNames: names };
      const { Attributes } = await moto.json('sqs', 'AmazonSQS.GetQueueAttributes', input);
      assert.deepEqual(Object.values(Attributes as object), ['0', '0']);
    }, 20_000);
  },
);
