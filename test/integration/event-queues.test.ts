/** Events whose outcomes go to Lambkin's own queues. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { sqsClient, type SqsClient } from '../conformance/sqs-client.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

let service: Service;
let sqs: SqsClient;
before(async () => {
  service = await startService();
  sqs = sqsClient(service, credentials);
});
after(() => service.stop());

interface Message {
  readonly Body: string;
  readonly MessageAttributes?: Readonly<
    Record<string, { readonly StringValue: string; readonly DataType: string }>
  >;
}

async function createQueue(name: string): Promise<{ readonly url: string; readonly arn: string }> {
  const { json } = await sqs.json('CreateQueue', { QueueName: name });
  return { url: String(json['QueueUrl']), arn: `arn:aws:sqs:${region}:000000000000:${name}` };
}

async function received(QueueUrl: string): Promise<readonly Message[]> {
  const asked = { QueueUrl, WaitTimeSeconds: 10, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  const { json } = await sqs.json('ReceiveMessage', asked);
  return (json['Messages'] ?? []) as readonly Message[];
}

test('successes and failures go to queues, and dead letters with their attributes', async () => {
  const [good, bad, letters] = [
    await createQueue('good'),
    await createQueue('bad'),
    await createQueue('letters'),
  ];
  const source =
    "export const handler = async ({ fail }) => { if (fail) throw new Error('because'); return 'ok'; };";
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName: 'hello',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      DeadLetterConfig: { TargetArn: letters.arn },
      Code: { ZipFile: await archive({ 'index.mjs': source }) },
    }),
  );
  await service.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'hello',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnSuccess: { Destination: good.arn }, OnFailure: { Destination: bad.arn } },
    }),
  );
  const send = (payload: object) =>
    service.client.send(
      new InvokeCommand({ FunctionName: 'hello', InvocationType: 'Event', Payload: JSON.stringify(payload) }),
    );
  const succeeded = await send({ x: 1 });
  const failed = await send({ fail: true });

  const [success] = await received(good.url);
  assert.match(success?.Body ?? '', /"condition":"Success"/);
  assert.ok(success?.Body.includes(succeeded.$metadata.requestId ?? 'none'));
  const [failure] = await received(bad.url);
  assert.match(failure?.Body ?? '', /"condition":"RetriesExhausted".*"errorMessage":"because"/);
  const [letter] = await received(letters.url);
  assert.equal(letter?.Body, '{"fail":true}');
  const attributes = Object.entries(letter?.MessageAttributes ?? {}).map(
    ([name, { DataType, StringValue }]) => [name, DataType, StringValue],
  );
  assert.deepEqual(
    attributes.toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
    [
      ['ErrorCode', 'Number', '200'],
      ['ErrorMessage', 'String', 'because'],
      ['RequestID', 'String', failed.$metadata.requestId],
    ],
  );
});

test('a queue that was deleted refuses, and the operator is told', async () => {
  const { url } = await createQueue('gone');
  await sqs.json('DeleteQueue', { QueueUrl: url });
  await service.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'hello',
      DestinationConfig: { OnSuccess: { Destination: `arn:aws:sqs:${region}:000000000000:gone` } },
    }),
  );
  await service.client.send(
    new InvokeCommand({ FunctionName: 'hello', InvocationType: 'Event', Payload: '{}' }),
  );
  const endMs = Date.now() + 20_000;
  while (!service.output().includes('there is no such queue')) {
    assert.ok(Date.now() < endMs, service.output());
    await new Promise<void>((resolve) => void setTimeout(resolve, 20));
  }
});
