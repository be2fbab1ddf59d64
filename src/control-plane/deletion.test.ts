/** Functions go with all that belongs to them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input } from '#wire';
import { newFunction, openWorldOn, refuses, type World } from './fixtures/world.ts';
import type { Limits } from './limits.ts';

const openWorld = (t: TestContext, limits: Partial<Limits> = {}): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs(), limits });

test('deleting a function deletes all of it', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Publish: true });
  await world.call('CreateAlias', { FunctionName: 'hello', Name: 'live', FunctionVersion: '1' });
  await world.call('PutFunctionConcurrency', { FunctionName: 'hello', ReservedConcurrentExecutions: 900 });
  assert.deepEqual(await world.call('DeleteFunction', { FunctionName: 'hello' }), { StatusCode: 204 });
  assert.deepEqual((await world.documents.list('metadata/')).documents, []);
  assert.equal(world.metadata.resolve('000000000000', 'hello', 'live').kind, 'no-function');
  await refuses(
    world.call('DeleteFunction', { FunctionName: 'hello' }),
    'ResourceNotFoundException',
    /hello$/,
  );
  // What it had reserved is free again, and a new function of the name starts from the beginning.
  await world.create('hello', { Publish: true });
  await world.call('PutFunctionConcurrency', { FunctionName: 'hello', ReservedConcurrentExecutions: 900 });
});

test('a function with more versions than fit into a commit is deleted too', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  for (let index = 0; index < 130; index += 1) {
    await world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Description: String(index) });
    await world.plane.settled();
    await world.call('PublishVersion', { FunctionName: 'hello' });
  }
  await world.call('DeleteFunction', { FunctionName: 'hello' });
  assert.deepEqual((await world.documents.list('metadata/')).documents, []);
});

test('the code storage of an account is bounded, and its use is told', async (t) => {
  const input = await newFunction('a');
  const size = ((input.Code as Input).ZipFile as Buffer).length;
  const world = await openWorld(t, { codeStorageBytesMax: size * 2 + 1 });
  await world.create('a');
  await world.create('b');
  await refuses(
    world.call('CreateFunction', { ...input, FunctionName: 'c' }),
    'CodeStorageExceededException',
    'Code storage limit exceeded.',
  );
  const settings = await world.call('GetAccountSettings', {});
  assert.deepEqual(settings.AccountUsage, { TotalCodeSize: size * 2, FunctionCount: 2 });
  await world.call('DeleteFunction', { FunctionName: 'a' });
  await world.create('c');
});
