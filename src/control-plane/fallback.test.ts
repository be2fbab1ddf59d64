/** What invokes run while an update is not known to work, and after it failed. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { VersionRecord } from '#metadata';
import type { Output } from '#wire';
import { openWorldOn, type World, zip } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const update = async (world: World, input: Record<string, unknown>): Promise<Output> =>
  world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', ...input });

const shown = async (world: World): Promise<Output> =>
  world.call('GetFunctionConfiguration', { FunctionName: 'hello' });

function served(world: World): VersionRecord {
  const resolution = world.metadata.resolve('000000000000', 'hello', undefined);
  assert.ok(resolution.kind === 'found');
  return resolution.version;
}

test('while a runtime is being installed, and when that failed, invokes run what they ran before', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Timeout: 5 });
  const before = served(world);
  const installing = Promise.withResolvers<{ kind: 'failed'; reason: string }>();
  world.runtimes.installing = installing.promise;
  await update(world, { Runtime: 'nodejs22.x', Timeout: 9 });
  assert.deepEqual(served(world).configuration, before.configuration);
  assert.equal(served(world).generation, before.generation);
  installing.resolve({ kind: 'failed', reason: 'no network' });
  await world.plane.settled();
  const failed = await shown(world);
  assert.deepEqual(
    [failed.State, failed.LastUpdateStatus, failed.LastUpdateStatusReasonCode],
    ['Active', 'Failed', 'InvalidRuntime'],
  );
  // Environments of before were never ended.
  assert.equal(served(world).generation, before.generation);
  assert.equal(served(world).configuration.runtime, 'nodejs24.x');

  await update(world, { Runtime: 'nodejs24.x' });
  await world.plane.settled();
  assert.equal((await shown(world)).LastUpdateStatus, 'Successful');
  assert.deepEqual([served(world).configuration.timeoutSeconds, served(world).fallback], [9, undefined]);
});

test('an installed runtime serves once it is there', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const before = served(world);
  await update(world, { Runtime: 'nodejs22.x' });
  await world.plane.settled();
  assert.equal((await shown(world)).LastUpdateStatus, 'Successful'); // who has seen this finds it served
  assert.equal(served(world).configuration.runtime, 'nodejs22.x');
  assert.notEqual(served(world).generation, before.generation);
});

test('when code turns out to be unusable, what worked before serves again, as a new generation', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const before = served(world);
  const gate = Promise.withResolvers<void>();
  world.runtimes.gate = gate.promise;
  await world.call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: await zip({ 'b.mjs': '2' }) });
  const during = served(world);
  assert.notEqual(during.generation, before.generation);
  await world.blobs.delete(during.configuration.code.blobKey);
  gate.resolve();
  await world.plane.settled();
  assert.equal((await shown(world)).LastUpdateStatus, 'Failed');
  const after = served(world);
  assert.deepEqual(after.configuration, before.configuration);
  // The generation of before was ended when the update was answered.
  assert.ok(![before.generation, during.generation].includes(after.generation));
});

test('after failure upon failure it is still the last that worked, also after a restart', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Description: 'works' });
  const { sha256 } = served(world).configuration.code;
  world.runtimes.installing = Promise.resolve({ kind: 'failed', reason: 'no network' });
  for (const Description of ['first', 'second']) {
    await world.call('UpdateFunctionCode', {
      FunctionName: 'hello',
      ZipFile: await zip({ [Description]: '' }),
    });
    await world.plane.settled();
    await update(world, { Runtime: 'nodejs22.x', Description });
    await world.plane.settled();
    assert.equal((await shown(world)).LastUpdateStatus, 'Failed');
    await world.restart().resume();
  }
  const { configuration } = served(world);
  assert.deepEqual([configuration.runtime, configuration.description], ['nodejs24.x', 'works']);
  assert.notEqual(configuration.code.sha256, sha256, 'the first update of the code had worked');
  assert.ok(await world.blobs.info(configuration.code.blobKey), 'its archive is kept');
});
