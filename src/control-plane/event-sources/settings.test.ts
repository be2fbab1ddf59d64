/** What mappings of each kind of source take, by default and at most. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '#wire';
import {
  invalid,
  queue,
  stream,
  table,
  cluster,
  broker,
  documents,
  login,
  selfManaged,
  positioned,
  filters,
  openWorld,
  create,
  settle,
} from '../fixtures/mappings.ts';
import { refuses } from '../fixtures/world.ts';

test('a queue is mapped with the defaults of AWS, and is enabled soon after', async (t) => {
  const world = await openWorld(t);
  const created = await create(world, { EventSourceArn: queue });
  const { UUID, ...rest } = created;
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
    EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${String(UUID)}`,
    EventSourceArn: queue,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:hello',
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: [],
    State: 'Creating',
    StateTransitionReason: 'USER_INITIATED',
    LastModified: '2026-01-01T00:00:00.000Z',
  });
  settle(world);
  const later = await world.call('GetEventSourceMapping', { UUID });
  assert.equal(later.State, 'Enabled');
  assert.deepEqual(later.LastModified, new Date(Date.parse('2026-01-01T00:00:00.250Z')));
});

test('a stream is mapped with the defaults of AWS', async (t) => {
  const world = await openWorld(t);
  const { UUID, EventSourceMappingArn, LastModified, ...rest } = await create(world, {
    EventSourceArn: stream,
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: new Date('2025-12-31T00:00:00Z'),
    Enabled: false,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
    EventSourceArn: stream,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:hello',
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: '2025-12-31T00:00:00.000Z',
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 0,
    ParallelizationFactor: 1,
    DestinationConfig: { OnFailure: {} },
    MaximumRecordAgeInSeconds: -1,
    BisectBatchOnFunctionError: false,
    MaximumRetryAttempts: -1,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: [],
    State: 'Creating',
    StateTransitionReason: 'User action',
    LastProcessingResult: 'No records processed',
  });
  assert.ok(EventSourceMappingArn !== undefined && LastModified instanceof Date);
  settle(world);
  assert.equal((await world.call('GetEventSourceMapping', { UUID })).State, 'Disabled');
});

test('every other source is mapped too', async (t) => {
  const world = await openWorld(t);
  const msk = await create(world, {
    EventSourceArn: cluster,
    Topics: ['clicks'],
    StartingPosition: 'LATEST',
  });
  assert.deepEqual(msk.AmazonManagedKafkaEventSourceConfig, { ConsumerGroupId: msk.UUID });
  assert.equal(msk.MaximumBatchingWindowInSeconds, undefined); // half a second
  const own = await create(world, {
    ...selfManaged,
    SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'mine' },
    ProvisionedPollerConfig: { MaximumPollers: 5 },
    LoggingConfig: { SystemLogLevel: 'DEBUG' },
  });
  assert.equal(own.EventSourceArn, undefined);
  assert.deepEqual(own.SelfManagedKafkaEventSourceConfig, { ConsumerGroupId: 'mine' });
  assert.deepEqual(own.ProvisionedPollerConfig, { MinimumPollers: 1, MaximumPollers: 5 });
  const mq = await create(world, {
    EventSourceArn: broker,
    Queues: ['orders'],
    SourceAccessConfigurations: [...login, { Type: 'VIRTUAL_HOST', URI: '/' }],
  });
  assert.deepEqual(mq.Queues, ['orders']);
  const docs = await create(world, {
    EventSourceArn: documents,
    StartingPosition: 'TRIM_HORIZON',
    SourceAccessConfigurations: login,
    DocumentDBEventSourceConfig: { DatabaseName: 'shop' },
  });
  assert.deepEqual(docs.DocumentDBEventSourceConfig, { DatabaseName: 'shop', FullDocument: 'Default' });
  await create(world, { EventSourceArn: table, StartingPosition: 'LATEST' });
  await create(world, { EventSourceArn: `${stream}/consumer/fan:1`, StartingPosition: 'LATEST' });
});

const refusals: readonly (readonly [Input, RegExp])[] = [
  [{}, /^Unrecognized event source\.$/],
  [{ EventSourceArn: 'arn:aws:sns:us-east-1:000000000000:topic' }, /Unsupported source arn/],
  [{ EventSourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/t' }, /Unsupported source arn/],
  [{ EventSourceArn: queue.replace('us-east-1', 'eu-west-1') }, /in the region/],
  [{ EventSourceArn: queue, ...positioned }, /^StartingPosition is not valid for SQS event sources\.$/],
  [{ EventSourceArn: queue, ParallelizationFactor: 2 }, /^Unsupported ParallelizationFactor parameter/],
  [{ EventSourceArn: queue, BatchSize: 11 }, /^Maximum batch window in seconds must be greater than 0/],
  [{ EventSourceArn: `${queue}.fifo`, BatchSize: 11, MaximumBatchingWindowInSeconds: 0 }, /not exceed 10/],
  [{ EventSourceArn: `${queue}.fifo`, MaximumBatchingWindowInSeconds: 1 }, /not supported for FIFO/],
  [{ EventSourceArn: queue, ProvisionedPollerConfig: {} }, /^Either MinimumPollers or MaximumPollers/],
  [{ EventSourceArn: queue, ProvisionedPollerConfig: { MinimumPollers: 1 } }, /between \[2, 200\]/],
  [
    {
      EventSourceArn: queue,
      ProvisionedPollerConfig: { MinimumPollers: 2 },
      ScalingConfig: { MaximumConcurrency: 2 },
    },
    /maximum concurrency feature/,
  ],
  [{ EventSourceArn: queue, ...filters('{') }, /^Invalid filter pattern definition\.$/],
  [{ EventSourceArn: queue, ...filters(...Array<string>(6).fill('{"a":[1]}')) }, /number of filters/],
  [{ EventSourceArn: queue, MetricsConfig: { Metrics: ['KafkaMetrics'] } }, /metric/],
  [{ EventSourceArn: stream }, /Value null at 'startingPosition' failed to satisfy constraint/],
  [{ EventSourceArn: stream, StartingPosition: 'AT_TIMESTAMP' }, /^Need to specify a timestamp$/],
  [
    { EventSourceArn: stream, ...positioned, StartingPositionTimestamp: new Date(0) },
    /only valid with StartingPosition AT_TIMESTAMP/,
  ],
  [
    { EventSourceArn: stream, StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: new Date(2e12) },
    /in the future/,
  ],
  [
    { EventSourceArn: table, StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: new Date(0) },
    /^Unsupported starting position for arn type: arn:aws:dynamodb/,
  ],
  [{ EventSourceArn: stream, ...positioned, MaximumRecordAgeInSeconds: 59 }, /between 60 and 604800/],
  [{ EventSourceArn: stream, ...positioned, Topics: ['x'] }, /^Unsupported Topics parameter/],
  [{ EventSourceArn: stream, ...positioned, ScalingConfig: { MaximumConcurrency: 2 } }, /ScalingConfig/],
  [
    { EventSourceArn: stream, ...positioned, DestinationConfig: { OnSuccess: { Destination: queue } } },
    /^Unsupported DestinationConfig parameter/,
  ],
  [{ EventSourceArn: cluster, ...positioned }, /^Required 'topics' parameter is missing\.$/],
  [{ EventSourceArn: cluster, Topics: ['x'] }, /'startingPosition'/],
  [
    { EventSourceArn: cluster, Topics: ['x'], ...positioned, LoggingConfig: { SystemLogLevel: 'INFO' } },
    /LoggingConfig can only be used with ProvisionedPollerConfig/,
  ],
  [
    { EventSourceArn: cluster, Topics: ['x'], ...positioned, SourceAccessConfigurations: login },
    /Unsupported source access configuration/,
  ],
  [{ ...selfManaged, EventSourceArn: cluster }, /exclude each other/],
  [{ ...selfManaged, SourceAccessConfigurations: undefined }, /'sourceAccessConfigurations'/],
  [{ ...selfManaged, SelfManagedEventSource: {} }, /KAFKA_BOOTSTRAP_SERVERS/],
  [{ EventSourceArn: broker, SourceAccessConfigurations: login }, /'queues'/],
  [
    { EventSourceArn: broker, Queues: ['q'], ...positioned, SourceAccessConfigurations: login },
    /Unsupported Sta/,
  ],
  [
    {
      EventSourceArn: broker,
      Queues: ['q'],
      SourceAccessConfigurations: [{ Type: 'VIRTUAL_HOST', URI: '/' }],
    },
    /BASIC_AUTH is required/,
  ],
  [{ EventSourceArn: documents, ...positioned, SourceAccessConfigurations: login }, /documentDBEvent/],
  [
    {
      EventSourceArn: documents,
      ...positioned,
      SourceAccessConfigurations: login,
      DocumentDBEventSourceConfig: {},
    },
    /'databaseName'/,
  ],
];

test('what a source cannot have is refused, and leaves nothing behind', async (t) => {
  const world = await openWorld(t);
  for (const [input, message] of refusals) await refuses(create(world, input), invalid, message);
  for (const FunctionName of ['other', 'hello:1', 'hello:alias']) {
    await refuses(create(world, { FunctionName, EventSourceArn: queue }), invalid, 'Function does not exist');
  }
  const left = await world.documents.list('control-plane/event-source-mappings/');
  assert.deepEqual(left.documents, []);
});
