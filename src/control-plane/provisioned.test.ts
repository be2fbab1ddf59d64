/** Provisioned concurrency: what is asked for, and what it takes from the function and the account. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { openWorldOn, refuses, type World } from './fixtures/world.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const hello = { FunctionName: 'hello' };
const invalid = 'InvalidParameterValueException';

async function openWorld(t: TestContext): Promise<World> {
  const world = await openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });
  await world.create('hello', { Publish: true });
  await world.call('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' });
  return world;
}

const put = (world: World, Qualifier: string, count: number, more: Input = {}): Promise<Output> =>
  world.call('PutProvisionedConcurrencyConfig', {
    ...hello,
    Qualifier,
    ProvisionedConcurrentExecutions: count,
    ...more,
  });
const reserve = (world: World, ReservedConcurrentExecutions: number): Promise<Output> =>
  world.call('PutFunctionConcurrency', { ...hello, ReservedConcurrentExecutions });
async function unreserved(world: World): Promise<unknown> {
  const { AccountLimit } = await world.call('GetAccountSettings', {});
  return (AccountLimit as Output)['UnreservedConcurrentExecutions'];
}

test('a configuration is kept, and says that nothing is provisioned yet', async (t) => {
  const world = await openWorld(t);
  const answer = await put(world, 'live', 5);
  assert.match(String(answer['LastModified']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  assert.match(String(answer['StatusReason']), /does not keep provisioned environments yet/);
  assert.deepEqual(
    { ...answer, LastModified: undefined, StatusReason: undefined },
    {
      RequestedProvisionedConcurrentExecutions: 5,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: 'IN_PROGRESS',
      StatusReason: undefined,
      LastModified: undefined,
    },
  );
  const live = { ...hello, Qualifier: 'live' };
  assert.deepEqual(await world.call('GetProvisionedConcurrencyConfig', live), answer);
  assert.deepEqual(await world.call('ListProvisionedConcurrencyConfigs', hello), {
    ProvisionedConcurrencyConfigs: [{ FunctionArn: `${arn}:live`, ...answer }],
    NextMarker: undefined,
  });
  await world.call('DeleteProvisionedConcurrencyConfig', live);
  await world.call('DeleteProvisionedConcurrencyConfig', live); // as asked
  await refuses(
    world.call('GetProvisionedConcurrencyConfig', live),
    'ProvisionedConcurrencyConfigNotFoundException',
    'No Provisioned Concurrency Config found for this function',
  );
});

test('only versions and aliases of versions can be provisioned, and not both', async (t) => {
  const world = await openWorld(t);
  const unpublished = 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.';
  await refuses(put(world, '$LATEST', 1), invalid, unpublished);
  await world.call('CreateAlias', { ...hello, Name: 'newest', FunctionVersion: '$LATEST' });
  await refuses(put(world, 'newest', 1), invalid, unpublished);
  for (const operation of ['Get', 'Delete']) {
    await refuses(
      world.call(`${operation}ProvisionedConcurrencyConfig`, { ...hello, Qualifier: '$LATEST' }),
      invalid,
      'The function resource provided must be an alias or a published version.',
    );
  }
  await refuses(put(world, '9', 1), 'ResourceNotFoundException', `Function not found: ${arn}:9`);
  await refuses(put(world, 'nope', 1), 'ResourceNotFoundException', `Cannot find alias arn: ${arn}:nope`);
  await put(world, 'live', 1);
  await refuses(
    put(world, '1', 1),
    'ResourceConflictException',
    'Version is pointed by a Provisioned Concurrency alias',
  );
  await world.call('DeleteProvisionedConcurrencyConfig', { ...hello, Qualifier: 'live' });
  await put(world, '1', 1);
  await refuses(
    put(world, 'live', 1),
    'ResourceConflictException',
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
  );
});

test('it counts against the account where nothing is reserved, and is given back', async (t) => {
  const world = await openWorld(t);
  await put(world, 'live', 50);
  assert.equal(await unreserved(world), 950);
  await put(world, 'live', 900);
  assert.equal(await unreserved(world), 100);
  await refuses(
    put(world, 'live', 901),
    invalid,
    "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
  );
  await put(world, 'live', 20);
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  assert.equal(await unreserved(world), 1_000);
  await put(world, '1', 30);
  await world.call('DeleteFunction', { ...hello, Qualifier: '1' });
  assert.equal(await unreserved(world), 1_000);
});

test('it must fit into what the function reserves, which cannot be made smaller then', async (t) => {
  const world = await openWorld(t);
  await reserve(world, 10);
  await put(world, 'live', 10);
  assert.equal(await unreserved(world), 990);
  await refuses(
    put(world, 'live', 11),
    invalid,
    'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
  );
  await refuses(
    reserve(world, 9),
    invalid,
    "ReservedConcurrentExecutions  9 should not be lower than function's total provisioned concurrency [10].",
  );
  await reserve(world, 300);
  await world.call('DeleteFunctionConcurrency', hello);
  assert.equal(await unreserved(world), 990);
  await world.call('DeleteFunction', hello);
  assert.equal(await unreserved(world), 1_000);
});
