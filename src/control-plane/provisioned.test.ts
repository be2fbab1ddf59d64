/** Provisioned concurrency: what is asked for, and what it takes from the function and the account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import type { ProvisionedState } from './context.ts';
import { openAliased, openWorldOn, refuses, type World } from './fixtures/world.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const hello = { FunctionName: 'hello' };
const invalid = 'InvalidParameterValueException';

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

test('a configuration is kept, and says how far it has come', async (t) => {
  const world = await openAliased(t);
  const answer = await put(world, 'live', 5);
  assert.match(String(answer['LastModified']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  assert.deepEqual(
    { ...answer, LastModified: undefined },
    {
      RequestedProvisionedConcurrentExecutions: 5,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: 'IN_PROGRESS',
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
  const world = await openAliased(t);
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
  const world = await openAliased(t);
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
  const world = await openAliased(t);
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

const shown = (available: number, Status: string, StatusReason?: string): object => ({
  RequestedProvisionedConcurrentExecutions: 4,
  AvailableProvisionedConcurrentExecutions: available,
  // One that dies is missing for a while, and yet allocated.
  AllocatedProvisionedConcurrentExecutions: Status === 'READY' ? 4 : available,
  Status,
  ...(StatusReason !== undefined && { StatusReason }),
});

test('the status is that of the versions that are meant', async (t) => {
  const states = new Map<string, ProvisionedState>();
  const documents = memoryDocuments();
  const world = await openWorldOn(t, {
    documents,
    blobs: memoryBlobs(),
    plane: { provisioned: async ({ version }) => states.get(version) },
  });
  await world.create('hello', { Publish: true });
  await world.call('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' });
  await put(world, 'live', 4);
  const get = async (): Promise<unknown> => {
    const { LastModified: _at, ...answer } = await world.call('GetProvisionedConcurrencyConfig', {
      ...hello,
      Qualifier: 'live',
    });
    return answer;
  };
  states.set('1', { kind: 'in-progress', available: 2, busy: 0 });
  assert.deepEqual(await get(), shown(2, 'IN_PROGRESS'));
  states.set('1', { kind: 'ready', available: 4, busy: 0 });
  assert.deepEqual(await get(), shown(4, 'READY'));
  assert.equal((await put(world, 'live', 4))['Status'], 'IN_PROGRESS');
  states.set('1', { kind: 'failed', available: 0, busy: 0, reason: 'FUNCTION_ERROR_INIT_FAILURE' });
  assert.deepEqual(await get(), shown(0, 'FAILED', 'FUNCTION_ERROR_INIT_FAILURE'));
  // An alias that moves means other environments, and both versions' while it has weights.
  await world.call('UpdateFunctionConfiguration', { ...hello, Description: 'changed' });
  await world.plane.settled();
  await world.call('PublishVersion', hello);
  const routing = { RoutingConfig: { AdditionalVersionWeights: { 2: 0.25 } } };
  await world.call('UpdateAlias', { ...hello, Name: 'live', ...routing });
  states.set('1', { kind: 'ready', available: 3, busy: 0 });
  states.set('2', { kind: 'in-progress', available: 0, busy: 0 });
  assert.deepEqual(await get(), shown(3, 'IN_PROGRESS'));
  const weights = 'Alias with weights can not be used with Provisioned Concurrency';
  await refuses(put(world, 'live', 5), invalid, weights);
  states.set('2', { kind: 'ready', available: 4, busy: 0 });
  const moved = { FunctionVersion: '2', RoutingConfig: { AdditionalVersionWeights: {} } };
  await world.call('UpdateAlias', { ...hello, Name: 'live', ...moved });
  assert.deepEqual(await get(), shown(4, 'READY'));
  await refuses(
    world.call('UpdateAlias', { ...hello, Name: 'live', FunctionVersion: '$LATEST' }),
    invalid,
    'Invalid alias configuration for Provisioned Concurrency',
  );
  await put(world, '1', 1);
  await refuses(
    world.call('UpdateAlias', { ...hello, Name: 'live', FunctionVersion: '1' }),
    'ResourceConflictException',
    /already Provisioned version/,
  );
  await world.call('CreateAlias', { ...hello, Name: 'other', FunctionVersion: '2' });
  await refuses(
    put(world, 'other', 1),
    'ResourceConflictException',
    'Version is pointed by a Provisioned Concurrency alias',
  );
});

test('what an earlier release kept elsewhere is found again', async (t) => {
  const documents = memoryDocuments();
  const world = await openWorldOn(t, { documents, blobs: memoryBlobs() });
  await world.create('hello', { Publish: true });
  const name = { accountId: '000000000000', region: 'us-east-1', functionName: 'hello' };
  const value = { ...name, qualifier: '1', requested: 7, lastModifiedMs: 0 };
  const key = 'control-plane/provisioned/000000000000/us-east-1/hello/1';
  await documents.commit([{ kind: 'put', key, value, expected: 'absent' }]);
  await world.restart().resume();
  const found = await world.call('GetProvisionedConcurrencyConfig', { ...hello, Qualifier: '1' });
  assert.equal(found['RequestedProvisionedConcurrentExecutions'], 7);
  assert.equal(await documents.get(key), undefined);
});
