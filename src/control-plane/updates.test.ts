/** Updates of code and configuration, and what they wait for. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Output } from '#wire';
import { newFunction, openWorldOn, refuses, type World, zip } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const configurationOf = async (world: World, name = 'hello'): Promise<Output> =>
  world.call('GetFunctionConfiguration', { FunctionName: name });

test('an update of the code is seen by invokes when it is answered', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const before = world.metadata.resolve('000000000000', 'hello', undefined);
  const archive = await zip({ 'index.mjs': 'export const handler = () => 2;' });
  const updated = await world.call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: archive });
  const after = world.metadata.resolve('000000000000', 'hello', undefined);
  assert.ok(before.kind === 'found' && after.kind === 'found');
  assert.notEqual(after.version.generation, before.version.generation);
  assert.equal(after.version.configuration.code.sha256, updated.CodeSha256);
  assert.equal(updated.LastUpdateStatus, 'InProgress');
  assert.equal(updated.State, 'Active');
  await world.plane.settled();
  assert.equal((await configurationOf(world)).LastUpdateStatus, 'Successful');
});

test('an update of the configuration changes what it names and leaves the rest', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Environment: { Variables: { AB: '1' } }, Description: 'first', Timeout: 9 });
  await world.call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    MemorySize: 256,
    Description: '',
  });
  await world.plane.settled();
  const output = await configurationOf(world);
  assert.deepEqual(
    [output.MemorySize, output.Timeout, output.Description, output.Environment],
    [256, 9, '', { Variables: { AB: '1' } }],
  );
  await world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Environment: { Variables: {} } });
  await world.plane.settled();
  assert.equal((await configurationOf(world)).Environment, undefined);
});

test('DryRun checks and changes nothing', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const before = await configurationOf(world);
  const archive = await zip({ 'other.mjs': '' });
  const answer = await world.call('UpdateFunctionCode', {
    FunctionName: 'hello',
    ZipFile: archive,
    DryRun: true,
  });
  assert.notEqual(answer.CodeSha256, before.CodeSha256);
  assert.deepEqual(await configurationOf(world), before);
  assert.equal((await world.blobs.list('')).length, 1);
  await refuses(
    world.call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: Buffer.from('x'), DryRun: true }),
    'InvalidParameterValueException',
    /^Could not unzip/,
  );
});

test('while a function is Pending or an update is in progress, it cannot be updated', async (t) => {
  const world = await openWorld(t);
  await world.call('CreateFunction', { ...(await newFunction('hello')), Runtime: 'nodejs24.x' });
  await world.plane.settled();
  const gate = Promise.withResolvers<void>();
  world.runtimes.gate = gate.promise;
  const { RevisionId } = await world.call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Timeout: 4,
  });
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Timeout: 5 }),
    'ResourceConflictException',
    'The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:hello',
  );
  await refuses(
    world.call('PublishVersion', { FunctionName: 'hello' }),
    'ResourceConflictException',
    /in progress/,
  );
  gate.resolve();
  await world.plane.settled();
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Timeout: 5, RevisionId }),
    'PreconditionFailedException',
    /^The Revision Id provided does not match the latest Revision Id\./,
  );
  const revision = (await configurationOf(world)).RevisionId;
  await world.call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Timeout: 5,
    RevisionId: revision,
  });
});

test('a runtime that must be installed first keeps the function Pending, and fails it with the reason', async (t) => {
  const world = await openWorld(t);
  const installing = Promise.withResolvers<{ kind: 'failed'; reason: string }>();
  world.runtimes.installing = installing.promise;
  await world.call('CreateFunction', { ...(await newFunction('hello')), Runtime: 'nodejs22.x' });
  assert.equal((await configurationOf(world)).State, 'Pending');
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Timeout: 5 }),
    'ResourceConflictException',
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  );
  installing.resolve({ kind: 'failed', reason: 'the registry cannot be reached' });
  await world.plane.settled();
  const failed = await configurationOf(world);
  assert.deepEqual(
    [failed.State, failed.StateReason, failed.StateReasonCode],
    ['Failed', 'Runtime nodejs22.x could not be installed: the registry cannot be reached', 'InvalidRuntime'],
  );
  world.runtimes.installing = Promise.resolve({ kind: 'installed' });
  await world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Timeout: 5 });
  await world.plane.settled();
  const again = await configurationOf(world);
  assert.deepEqual(
    [again.State, again.StateReason, again.LastUpdateStatus],
    ['Active', undefined, 'Successful'],
  );
});
