/** Event source mappings through the control plane, on a clock that is advanced by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { context } from '#wire/fixtures';
import {
  invalid,
  queue,
  stream,
  selfManaged,
  positioned,
  filters,
  openWorld,
  create,
  settle,
  permission,
  settled,
} from '../fixtures/mappings.ts';
import { openWorldOn, refuses } from '../fixtures/world.ts';

test('an update changes what it names, and only that', async (t) => {
  const world = await openWorld(t);
  const UUID = await settled(world, {
    EventSourceArn: stream,
    ...positioned,
    BatchSize: 7,
    ...filters('{"data":{"a":[1]}}'),
    DestinationConfig: { OnFailure: { Destination: queue } },
  });
  const updating = await world.call('UpdateEventSourceMapping', { UUID, ParallelizationFactor: 3 });
  assert.equal(updating.State, 'Updating');
  settle(world);
  const after = await world.call('GetEventSourceMapping', { UUID });
  assert.equal(after.State, 'Enabled');
  assert.deepEqual(
    [after.BatchSize, after.ParallelizationFactor, after.StartingPosition, after.DestinationConfig],
    [7, 3, 'LATEST', { OnFailure: { Destination: queue } }],
  );
  const bare = await world.call('UpdateEventSourceMapping', {
    UUID,
    FilterCriteria: {},
    DestinationConfig: { OnFailure: {} },
  });
  assert.equal(bare.FilterCriteria, undefined);
  assert.deepEqual(bare.DestinationConfig, { OnFailure: {} });
  settle(world);
  await refuses(
    world.call('UpdateEventSourceMapping', { UUID, ScalingConfig: { MaximumConcurrency: 2 } }),
    invalid,
    /ScalingConfig/,
  );
  assert.equal((await world.call('GetEventSourceMapping', { UUID })).State, 'Enabled');
});

test('states follow what is asked for', async (t) => {
  const world = await openWorld(t);
  const UUID = await settled(world, { EventSourceArn: queue });
  const state = async (): Promise<unknown> => (await world.call('GetEventSourceMapping', { UUID })).State;
  const update = (Enabled: boolean): Promise<Output> =>
    world.call('UpdateEventSourceMapping', { UUID, Enabled });
  assert.equal((await update(false)).State, 'Disabling');
  assert.equal(await state(), 'Disabling');
  const busy = 'ResourceInUseException';
  await refuses(update(true), busy, 'Cannot update the event source mapping because it is in use.');
  await refuses(
    world.call('DeleteEventSourceMapping', { UUID }),
    busy,
    'Cannot delete the event source mapping because it is in use.',
  );
  settle(world);
  assert.equal(await state(), 'Disabled');
  assert.equal((await update(false)).State, 'Updating');
  settle(world);
  assert.equal(await state(), 'Disabled');
  assert.equal((await update(true)).State, 'Enabling');
  settle(world);
  assert.equal(await state(), 'Enabled');
  assert.equal((await world.call('DeleteEventSourceMapping', { UUID })).State, 'Deleting');
  assert.equal(await state(), 'Deleting');
  await refuses(world.call('DeleteEventSourceMapping', { UUID }), busy, /in use/);
  settle(world);
  const gone = 'The resource you requested does not exist.';
  await refuses(state(), 'ResourceNotFoundException', gone);
  await refuses(world.call('DeleteEventSourceMapping', { UUID }), 'ResourceNotFoundException', gone);
  await refuses(update(true), 'ResourceNotFoundException', gone);
  await world.plane.close();
  const left = await world.documents.list('control-plane/event-source-mappings/');
  assert.deepEqual(left.documents, []);
});

test('whoever changes a mapping is told what has begun, however long the store took', async (t) => {
  const store = memoryDocuments();
  const world = await openWorldOn(t, { documents: store, blobs: memoryBlobs() });
  await world.create('hello');
  const UUID = await settled(world, { EventSourceArn: queue });
  const commit = store.commit.bind(store);
  store.commit = async (writes) => {
    settle(world);
    return commit(writes);
  };
  const update = (Enabled: boolean): Promise<Output> =>
    world.call('UpdateEventSourceMapping', { UUID, Enabled });
  assert.equal((await update(false)).State, 'Disabling');
  assert.equal((await update(true)).State, 'Enabling');
  assert.equal((await create(world, { EventSourceArn: `${queue}-2` })).State, 'Creating');
  assert.equal((await world.call('DeleteEventSourceMapping', { UUID })).State, 'Deleting');
});

test('a source is mapped to a function once', async (t) => {
  const world = await openWorld(t);
  const UUID = await settled(world, { EventSourceArn: queue });
  const conflict = 'ResourceConflictException';
  const twice = `An event source mapping with SQS arn (" ${queue} ") and function (" hello ") already exists. Please update or delete the existing mapping with UUID ${UUID}`;
  await refuses(create(world, { EventSourceArn: queue }), conflict, twice);
  const two = await Promise.allSettled([
    create(world, { EventSourceArn: stream, ...positioned }),
    create(world, { EventSourceArn: stream, ...positioned }),
  ]);
  assert.deepEqual(two.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  await refuses(
    create(world, { EventSourceArn: stream, ...positioned }),
    conflict,
    /^The event source arn \(" .*clicks "\) and function \(" hello "\) provided mapping already exists\./,
  );
  await create(world, selfManaged);
  await refuses(create(world, selfManaged), conflict, /^An event source mapping with event source/);
  await create(world, { ...selfManaged, Topics: ['other'] });

  // Moved to where another is; and made again in the place of one that is gone.
  await world.create('other');
  const moved = await settled(world, { FunctionName: 'other', EventSourceArn: queue });
  await refuses(
    world.call('UpdateEventSourceMapping', { UUID: moved, FunctionName: 'hello' }),
    conflict,
    twice,
  );
  await world.call('DeleteEventSourceMapping', { UUID });
  await refuses(create(world, { EventSourceArn: queue }), conflict, twice);
  settle(world);
  await create(world, { EventSourceArn: queue });
});

test('mappings are listed by function, by source, by both, and in pages', async (t) => {
  const world = await openWorld(t);
  await world.create('other');
  await world.call('PublishVersion', { FunctionName: 'hello' });
  const list = async (input: Input): Promise<string[]> => {
    const { EventSourceMappings } = await world.call('ListEventSourceMappings', input);
    return (EventSourceMappings as Output[]).map(
      ({ EventSourceArn, FunctionArn }) =>
        `${String(EventSourceArn).split(':')[2] ?? ''} ${String(FunctionArn).split(':').slice(6).join(':')}`,
    );
  };
  const UUID = await settled(world, { EventSourceArn: queue });
  await settled(world, { EventSourceArn: queue, FunctionName: 'other' });
  await settled(world, { EventSourceArn: queue, FunctionName: 'hello:1' });
  await settled(world, { EventSourceArn: stream, ...positioned });
  assert.deepEqual((await list({})).length, 4);
  assert.deepEqual((await list({ FunctionName: 'hello' })).toSorted(), ['kinesis hello', 'sqs hello']);
  assert.deepEqual(await list({ FunctionName: 'hello:1' }), ['sqs hello:1']);
  assert.deepEqual((await list({ EventSourceArn: queue })).toSorted(), [
    'sqs hello',
    'sqs hello:1',
    'sqs other',
  ]);
  assert.deepEqual(await list({ EventSourceArn: stream, FunctionName: 'hello' }), ['kinesis hello']);
  assert.deepEqual(await list({ EventSourceArn: stream, FunctionName: 'other' }), []);

  await refuses(
    world.call('UpdateEventSourceMapping', { UUID, FunctionName: 'other' }),
    'ResourceConflictException',
    /function \(" other "\) already exists/,
  );
  await world.call('DeleteFunction', { FunctionName: 'other' });
  assert.deepEqual(await list({ FunctionName: 'other' }), ['sqs other'], 'a mapping outlives its function');

  const seen: unknown[] = [];
  for (let Marker: unknown; ;) {
    const page = await world.call('ListEventSourceMappings', {
      MaxItems: 1,
      ...(Marker === undefined ? {} : { Marker }),
    });
    for (const { UUID: each } of page.EventSourceMappings as Output[]) seen.push(each);
    Marker = page.NextMarker;
    if (Marker === undefined) break;
  }
  assert.equal(new Set(seen).size, 4);
  await refuses(world.call('ListEventSourceMappings', { Marker: '!' }), invalid, /Marker/);
});

test('a list reads what it shows, however many mappings there are', async (t) => {
  const store = memoryDocuments();
  const world = await openWorldOn(t, { documents: store, blobs: memoryBlobs() });
  await world.create('hello');
  for (let index = 0; index < 300; index += 1) {
    await create(world, { EventSourceArn: `${queue}-${index}` });
  }
  let gets = 0;
  const get = store.get.bind(store);
  store.get = (key) => ((gets += 1), get(key));
  let listed = 0;
  const list = store.list.bind(store);
  store.list = async (prefix, options) => {
    const listing = await list(prefix, options);
    listed += listing.documents.length;
    return listing;
  };
  const page = await world.call('ListEventSourceMappings', { EventSourceArn: `${queue}-7` });
  assert.equal((page.EventSourceMappings as unknown[]).length, 1);
  assert.deepEqual([gets, listed], [1, 1]);
  const all = await world.call('ListEventSourceMappings', { FunctionName: 'hello', MaxItems: 1_000 });
  assert.equal((all.EventSourceMappings as unknown[]).length, 100);
  assert.deepEqual([gets, listed], [101, 102]);
});

test('a role of IAM must be allowed to read the source, any other may be named', async (t) => {
  const allowed = new Set<string>();
  const known = 'arn:aws:iam::000000000000:role/known';
  const world = await openWorld(t, {
    roleMay: (role, action, resource) => (role === known ? allowed.has(`${action} ${resource}`) : undefined),
  });
  await create(world, { EventSourceArn: queue });
  await world.create('bound', { Role: known });
  const bound = (input: Input): Promise<Output> => create(world, { FunctionName: 'bound', ...input });
  await refuses(bound({ EventSourceArn: queue }), invalid, permission('ReceiveMessage'));
  allowed.add(`sqs:ReceiveMessage ${queue}`);
  await refuses(bound({ EventSourceArn: queue }), invalid, permission('DeleteMessage'));
  for (const call of ['DeleteMessage', 'GetQueueAttributes']) allowed.add(`sqs:${call} ${queue}`);
  await bound({ EventSourceArn: queue });
  const clicks = { EventSourceArn: stream, ...positioned };
  await refuses(
    bound(clicks),
    invalid,
    `Cannot access stream ${stream}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.`,
  );
  for (const call of ['GetRecords', 'GetShardIterator', 'DescribeStream', 'ListShards']) {
    allowed.add(`kinesis:${call} ${stream}`);
  }
  const failing = { ...clicks, DestinationConfig: { OnFailure: { Destination: queue } } };
  await refuses(bound(failing), invalid, permission('SendMessage'));
  await bound(clicks);
});

test('tags of a mapping are added, removed and bounded', async (t) => {
  const world = await openWorld(t);
  const { UUID, EventSourceMappingArn: Resource } = await create(world, {
    EventSourceArn: queue,
    Tags: { a: '1' },
  });
  await world.call('TagResource', { Resource, Tags: { b: '2' } });
  await world.call('UntagResource', { Resource, TagKeys: ['a'] });
  assert.deepEqual(await world.call('ListTags', { Resource }), { Tags: { b: '2' } });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, '']));
  await refuses(world.call('TagResource', { Resource, Tags: many }), invalid, /tag limit/);
  settle(world);
  assert.equal((await world.call('GetEventSourceMapping', { UUID })).State, 'Enabled');
  await refuses(
    world.call('ListTags', { Resource: String(Resource).replace('000000000000', '123456789012') }),
    'ResourceNotFoundException',
    /does not exist/,
  );
});

test('the next start removes what was being deleted', async (t) => {
  const world = await openWorld(t);
  const UUID = await settled(world, { EventSourceArn: queue });
  await world.call('DeleteEventSourceMapping', { UUID });
  await world.plane.close();
  settle(world);
  assert.notDeepEqual((await world.documents.list('control-plane/event-source-mappings/')).documents, []);
  const next = world.restart();
  const get = next.handlers['GetEventSourceMapping'];
  assert.ok(get);
  await refuses(get({ UUID }, context), 'ResourceNotFoundException', /does not exist/);
  await next.resume();
  assert.deepEqual((await world.documents.list('control-plane/event-source-mappings/')).documents, []);
});
