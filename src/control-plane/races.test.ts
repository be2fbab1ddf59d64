/** What clients do at the same time, crashes in the middle, and a store that goes away. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { isVersionNumber } from '#metadata';
import { type Documents, StoreUnavailableError } from '#platform';
import { type Output, WireError } from '#wire';
import { newFunction, openWorldOn, zip, type World } from './fixtures/world.ts';

const openWorld = (t: TestContext, documents: Documents = memoryDocuments()): Promise<World> =>
  openWorldOn(t, { documents, blobs: memoryBlobs() });

const hello = { FunctionName: 'hello' };

interface Tally {
  readonly answers: readonly Output[];
  readonly refusals: readonly string[];
}

async function atOnce(works: readonly Promise<Output>[]): Promise<Tally> {
  const outcomes = await Promise.allSettled(works);
  const answers: Output[] = [];
  const refusals: string[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') answers.push(outcome.value);
    else {
      assert.ok(outcome.reason instanceof WireError, String(outcome.reason));
      refusals.push(outcome.reason.errorName);
    }
  }
  return { answers, refusals };
}

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

test('of many creations of one name, one wins', async (t) => {
  const world = await openWorld(t);
  const input = await newFunction('hello');
  const { answers, refusals } = await atOnce(times(10, () => world.call('CreateFunction', input)));
  assert.equal(answers.length, 1);
  assert.deepEqual(new Set(refusals), new Set(['ResourceConflictException']));
});

test('of updates at once, those that are answered are in order, and the last one stays', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const { answers, refusals } = await atOnce(
    times(10, (index) => world.call('UpdateFunctionConfiguration', { ...hello, Timeout: 10 + index })),
  );
  assert.ok(answers.length >= 1);
  assert.ok(refusals.every((name) => name === 'ResourceConflictException'));
  await world.plane.settled();
  const { Timeout } = await world.call('GetFunctionConfiguration', hello);
  assert.ok(answers.some((answer) => answer.Timeout === Timeout));
});

test('publishing at once gives one version', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const { answers } = await atOnce(times(5, () => world.call('PublishVersion', hello)));
  assert.deepEqual(
    answers.map(({ Version }) => Version),
    ['1', '1', '1', '1', '1'],
  );
});

test('a version cannot go while an alias is being pointed at it', async (t) => {
  for (let round = 0; round < 10; round += 1) {
    const world = await openWorld(t);
    await world.create('hello', { Publish: true });
    const { answers } = await atOnce([
      world.call('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' }),
      world.call('DeleteFunction', { ...hello, Qualifier: '1' }),
    ]);
    assert.equal(answers.length, 1);
    await assertConsistent(world);
  }
});

test('two functions cannot both take the last of the concurrency', async (t) => {
  const world = await openWorld(t);
  for (const name of ['a', 'b']) await world.create(name);
  const { answers, refusals } = await atOnce(
    ['a', 'b'].map((FunctionName) =>
      world.call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions: 500 }),
    ),
  );
  assert.equal(answers.length, 1);
  assert.deepEqual(refusals, ['InvalidParameterValueException']);
});

test('everything at once leaves a consistent state', async (t) => {
  const world = await openWorld(t);
  const archives = await Promise.all(times(4, (index) => zip({ 'index.mjs': String(index) })));
  const input = await newFunction('hello');
  for (let round = 0; round < 15; round += 1) {
    await atOnce([
      world.call('CreateFunction', { ...input, Publish: round % 2 === 0 }),
      ...archives.map((ZipFile) => world.call('UpdateFunctionCode', { ...hello, ZipFile, Publish: true })),
      world.call('PublishVersion', hello),
      world.call('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' }),
      world.call('UpdateAlias', { ...hello, Name: 'live', FunctionVersion: '2' }),
      world.call('PutFunctionConcurrency', { ...hello, ReservedConcurrentExecutions: 900 }),
      world.call('DeleteFunction', { ...hello, Qualifier: '1' }),
      ...(round % 3 === 2 ? [world.call('DeleteFunction', hello)] : []),
    ]);
    await world.plane.settled();
    await assertConsistent(world);
  }
});

test('a function that is deleted while it is made ready stays deleted', async (t) => {
  const world = await openWorld(t);
  const input = await newFunction('hello');
  const gate = Promise.withResolvers<{ kind: 'installed' }>();
  world.runtimes.installing = gate.promise;
  await world.call('CreateFunction', { ...input, Runtime: 'nodejs22.x' });
  await world.call('DeleteFunction', hello);
  gate.resolve({ kind: 'installed' });
  await world.plane.settled();
  assert.deepEqual((await world.documents.list('metadata/')).documents, []);
});

test('what a crash left unsettled is settled at the next start', async (t) => {
  const world = await openWorld(t);
  await world.create('updated');
  world.runtimes.installing = new Promise(() => {}); // the first run never gets to the end
  const created = await newFunction('created');
  await world.call('CreateFunction', { ...created, Runtime: 'nodejs22.x', Publish: true });
  await world.call('UpdateFunctionConfiguration', { FunctionName: 'updated', Runtime: 'nodejs22.x' });
  await new Promise<void>((resolve) => setImmediate(resolve));
  world.runtimes.installing = Promise.resolve({ kind: 'installed' });
  const next = world.restart();
  await next.resume();
  await next.settled();
  for (const [FunctionName, Qualifier] of [
    ['created', '$LATEST'],
    ['created', '1'],
    ['updated', '$LATEST'],
  ]) {
    const output = await world.call('GetFunctionConfiguration', { FunctionName, Qualifier });
    assert.deepEqual([output.State, output.LastUpdateStatus], ['Active', 'Successful']);
  }
});

test('a start deletes archives that nobody refers to, and only those', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Publish: true });
  await world.call('UpdateFunctionCode', { ...hello, ZipFile: await zip({ 'b.mjs': 'b' }) });
  await world.plane.settled();
  await world.call('UpdateFunctionCode', { ...hello, ZipFile: await zip({ 'c.mjs': 'c' }) });
  await world.plane.settled();
  assert.equal((await world.blobs.list('code/')).length, 3);
  await world.restart().resume();
  assert.equal((await world.blobs.list('code/')).length, 2);
  for (const Qualifier of ['$LATEST', '1']) {
    const resolved = world.metadata.resolve('000000000000', 'hello', Qualifier);
    assert.ok(resolved.kind === 'found');
    assert.ok(await world.blobs.get(resolved.version.configuration.code.blobKey));
  }
});

test('when the store fails while a function is made ready, that is tried again', async (t) => {
  const inner = memoryDocuments();
  let failing = false;
  const documents: Documents = {
    get: (key) => inner.get(key),
    list: (prefix, options) => inner.list(prefix, options),
    watch: (prefix, from, signal) => inner.watch(prefix, from, signal),
    commit: (writes) => (failing ? Promise.reject(new StoreUnavailableError('full')) : inner.commit(writes)),
  };
  const world = await openWorld(t, documents);
  await world.call('CreateFunction', await newFunction('hello'));
  failing = true;
  await world.plane.settled();
  assert.equal((await world.call('GetFunctionConfiguration', hello)).State, 'Pending');
  assert.equal(world.troubles.length, 1);
  failing = false;
  world.clock.advance(60_000);
  await world.plane.settled();
  assert.equal((await world.call('GetFunctionConfiguration', hello)).State, 'Active');
});

/** Aliases point at versions that exist, versions belong to functions, numbers are never reused, the sums are right. */
async function assertConsistent(world: World): Promise<void> {
  const { documents } = await world.documents.list('metadata/');
  const keys = new Set(documents.map(({ key }) => key));
  const record = await world.documents.get('metadata/functions/000000000000/us-east-1/hello');
  if (!record) {
    assert.deepEqual([...keys], []);
    assert.deepEqual((await world.documents.get('concurrency/000000000000/us-east-1'))?.value ?? {}, {});
    return;
  }
  const { lastVersion } = record.value as { lastVersion: number };
  assert.ok(keys.has('metadata/versions/000000000000/us-east-1/$LATEST/hello'));
  for (const { key, value } of documents) {
    const { version } = value as { version?: string };
    if (key.startsWith('metadata/versions/') && isVersionNumber(version ?? '')) {
      assert.ok(Number(version) <= lastVersion, key);
    }
    if (key.startsWith('metadata/aliases/')) {
      const target = `metadata/versions/000000000000/us-east-1/published/hello/${(version ?? '').padStart(16, '0')}`;
      assert.ok(keys.has(target), `${key} points at ${version}`);
    }
  }
}
