/**
 * Event source mappings through the SDK: records and states. Queues must exist, and are made at the same endpoint; of the streams named here
 * AWS wants that too.
 */
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  type CreateEventSourceMappingCommandOutput,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  paginateListEventSourceMappings,
  TagResourceCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTarget, type Target } from '../../target.ts';
import { sqsClient } from '../sqs-client.ts';

let target: Target;
let FunctionName: string;
before(async () => {
  target = await openTarget();
  FunctionName = await target.createFunction();
});
after(() => target.close());

const queue = (): string => `arn:aws:sqs:${target.region}:${target.accountId}:${target.name()}`;
/** One that is there, with messages hidden for as long as AWS advises. */
async function madeQueue(): Promise<string> {
  const { hostname, port } = new URL(target.endpoint);
  const arn = queue();
  const client = sqsClient({ host: hostname, port: Number(port) }, target.credentials);
  const QueueName = arn.split(':').at(-1);
  const { status, text } = await client.json('CreateQueue', {
    QueueName,
    Attributes: { VisibilityTimeout: '30' },
  });
  assert.equal(status, 200, text);
  return arn;
}

const stream = (): string => `arn:aws:kinesis:${target.region}:${target.accountId}:stream/${target.name()}`;

const create = (
  input: Omit<CreateEventSourceMappingCommandInput, 'FunctionName'>,
): Promise<CreateEventSourceMappingCommandOutput> =>
  target.client.send(new CreateEventSourceMappingCommand({ FunctionName, ...input }));

/** Waits as Terraform does: asks until the state is no longer on its way. */
async function settled(UUID: string | undefined): Promise<EventSourceMappingConfiguration> {
  for (;;) {
    const mapping = await target.client.send(new GetEventSourceMappingCommand({ UUID }));
    if (mapping.State === 'Enabled' || mapping.State === 'Disabled') return mapping;
    await sleep(50);
  }
}

test('a mapping lives: created, enabled, updated, disabled, deleted', async () => {
  const EventSourceArn = await madeQueue();
  const created = await create({
    EventSourceArn,
    FilterCriteria: { Filters: [{ Pattern: '{"body":{"city":["Basel"]}}' }] },
    ScalingConfig: { MaximumConcurrency: 5 },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    Tags: { team: 'blue' },
  });
  const { UUID } = created;
  assert.match(UUID ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(created.State, 'Creating');
  assert.ok(created.LastModified instanceof Date);
  const enabled = await settled(UUID);
  assert.deepEqual(
    [enabled.State, enabled.BatchSize, enabled.MaximumBatchingWindowInSeconds, enabled.ScalingConfig],
    ['Enabled', 10, 0, { MaximumConcurrency: 5 }],
  );
  assert.deepEqual(enabled.FilterCriteria, { Filters: [{ Pattern: '{"body":{"city":["Basel"]}}' }] });
  assert.equal(enabled.FunctionArn?.split(':').at(-1), FunctionName);

  const update = { UUID, BatchSize: 20, MaximumBatchingWindowInSeconds: 5, Enabled: false };
  const disabling = await target.client.send(new UpdateEventSourceMappingCommand(update));
  assert.equal(disabling.State, 'Disabling');
  const disabled = await settled(UUID);
  assert.deepEqual([disabled.State, disabled.BatchSize], ['Disabled', 20]);

  const deleted = await target.client.send(new DeleteEventSourceMappingCommand({ UUID }));
  assert.equal(deleted.State, 'Deleting');
  await assert.rejects(settled(UUID), { name: 'ResourceNotFoundException' });
});

test('a source is mapped to a function once', async () => {
  const EventSourceArn = stream();
  const { UUID } = await create({ EventSourceArn, StartingPosition: 'TRIM_HORIZON' });
  await assert.rejects(create({ EventSourceArn, StartingPosition: 'TRIM_HORIZON' }), {
    name: 'ResourceConflictException',
    message: new RegExp(`Please update or delete the existing mapping with UUID ${UUID ?? ''}$`),
  });
});

test('mappings are listed by what they join, page by page', async () => {
  const EventSourceArn = stream();
  const other = await target.createFunction();
  const StartingPosition = 'LATEST';
  await create({ EventSourceArn, StartingPosition });
  await target.client.send(
    new CreateEventSourceMappingCommand({ FunctionName: other, EventSourceArn, StartingPosition }),
  );
  const both: (string | undefined)[] = [];
  for await (const page of paginateListEventSourceMappings(
    { client: target.client, pageSize: 1 },
    { EventSourceArn },
  )) {
    both.push(...(page.EventSourceMappings ?? []).map((each) => each.FunctionArn?.split(':').at(-1)));
  }
  assert.deepEqual(new Set(both), new Set([FunctionName, other]));
  const { EventSourceMappings } = await target.client.send(
    new ListEventSourceMappingsCommand({ FunctionName: other }),
  );
  assert.deepEqual(
    EventSourceMappings?.map((each) => each.EventSourceArn),
    [EventSourceArn],
  );
});

test('what a source cannot have is refused', async () => {
  const refused: readonly Omit<CreateEventSourceMappingCommandInput, 'FunctionName'>[] = [
    { EventSourceArn: stream() },
    { EventSourceArn: stream(), StartingPosition: 'AT_TIMESTAMP' },
    { EventSourceArn: queue(), StartingPosition: 'LATEST' },
    { EventSourceArn: queue(), BatchSize: 11 },
    { EventSourceArn: queue(), FilterCriteria: { Filters: [{ Pattern: '{"a":1}' }] } },
    { EventSourceArn: 'arn:aws:s3:::bucket' },
    {},
  ];
  for (const input of refused) {
    await assert.rejects(create(input), { name: 'InvalidParameterValueException' }, JSON.stringify(input));
  }
  await assert.rejects(
    target.client.send(new GetEventSourceMappingCommand({ UUID: '00000000-0000-4000-8000-000000000000' })),
    { name: 'ResourceNotFoundException', message: 'The resource you requested does not exist.' },
  );
});

test('a queue must be there, and hide its messages for as long as the function may run', async () => {
  await assert.rejects(create({ EventSourceArn: queue() }), {
    name: 'InvalidParameterValueException',
    message:
      /SQS Error Code: AWS\.SimpleQueueService\.NonExistentQueue\. SQS Error Message: The specified queue does not exist/,
  });
  const slow = await target.createFunction({ Timeout: 60 });
  const EventSourceArn = await madeQueue();
  await assert.rejects(
    create({ EventSourceArn, FunctionName: slow } as CreateEventSourceMappingCommandInput),
    {
      name: 'InvalidParameterValueException',
      message: 'Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds',
    },
  );
});

test('a mapping has tags', async () => {
  const { EventSourceMappingArn: Resource } = await create({
    EventSourceArn: await madeQueue(),
    Tags: { a: '1' },
  });
  await target.client.send(new TagResourceCommand({ Resource, Tags: { b: '2' } }));
  const { Tags } = await target.client.send(new ListTagsCommand({ Resource }));
  assert.deepEqual(Tags, { a: '1', b: '2' });
});
