/** Environment variables at rest, and what release 0.1 left in clear. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { VariableSeal, versionKey, type VersionRecord } from '#metadata';
import type { Json } from '#platform';
import type { Output } from '#wire';
import { openWorldOn, type World } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const name = { accountId: '000000000000', region: 'us-east-1', functionName: 'hello' };
const Variables = { SECRET_NAME: 'secret-value', OTHER: 'other' };

async function everything(world: World): Promise<string> {
  const { documents } = await world.documents.list('');
  return JSON.stringify(documents);
}

/** Puts a version back as release 0.1 stored it. */
async function unseal(world: World, version: string): Promise<void> {
  const key = versionKey(name, version);
  const document = await world.documents.get(key);
  assert.ok(document);
  const { configuration, ...rest } = document.value as unknown as VersionRecord;
  const { layers: _layers, ...old } = configuration;
  const value = { ...rest, configuration: { ...old, environment: Variables } } as unknown as Json;
  await world.documents.commit([{ kind: 'put', key, value, expected: document.revision }]);
}

const shown = async (world: World): Promise<Output> =>
  world.call('GetFunctionConfiguration', { FunctionName: 'hello' });

test('variables are shown, and stored nowhere in clear', async (t) => {
  const world = await openWorld(t);
  const created = await world.create('hello', { Environment: { Variables }, Publish: true });
  assert.deepEqual(created.Environment, { Variables });
  assert.deepEqual((await shown(world)).Environment, { Variables });
  const list = (await world.call('ListFunctions', {})).Functions as Output[];
  assert.deepEqual(list[0]?.Environment, { Variables });
  assert.doesNotMatch(await everything(world), /SECRET_NAME|secret-value/);
});

test('equal variables are no change', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Environment: { Variables }, Publish: true });
  await world.call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Environment: { Variables: { OTHER: 'other', SECRET_NAME: 'secret-value' } },
  });
  await world.plane.settled();
  assert.equal((await world.call('PublishVersion', { FunctionName: 'hello' })).Version, '1');
  await world.call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Environment: { Variables: { OTHER: 'changed' } },
  });
  await world.plane.settled();
  assert.equal((await world.call('PublishVersion', { FunctionName: 'hello' })).Version, '2');
});

test('what release 0.1 stored in clear is shown, and sealed at the next start', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Environment: { Variables }, Publish: true });
  await unseal(world, '$LATEST');
  await unseal(world, '1');
  assert.match(await everything(world), /secret-value/);
  assert.deepEqual((await shown(world)).Environment, { Variables });
  await world.restart().resume();
  assert.doesNotMatch(await everything(world), /SECRET_NAME|secret-value/);
  assert.deepEqual((await shown(world)).Environment, { Variables });
  assert.equal((await world.call('PublishVersion', { FunctionName: 'hello' })).Version, '1');
});

test('what cannot be opened is an error inside the answer', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Environment: { Variables } });
  const key = versionKey(name, '$LATEST');
  const document = await world.documents.get(key);
  assert.ok(document);
  const version = document.value as unknown as VersionRecord;
  const environment = new VariableSeal(new Uint8Array(32).fill(9)).seal(name, Variables);
  const value = { ...version, configuration: { ...version.configuration, environment } } as unknown as Json;
  await world.documents.commit([{ kind: 'put', key, value, expected: document.revision }]);
  const { Environment } = await shown(world);
  const { Error: error, ...rest } = Environment as { readonly Error: { readonly ErrorCode: string } };
  assert.deepEqual([error.ErrorCode, rest], ['AccessDeniedException', {}]);
});
