/** Versions and aliases. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { openWorldOn, zip, type World, refuses } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const hello = { FunctionName: 'hello' };

async function change(world: World, more: Input): Promise<void> {
  await world.call('UpdateFunctionConfiguration', { ...hello, ...more });
  await world.plane.settled();
}

const publish = (world: World, more: Input = {}): Promise<Output> =>
  world.call('PublishVersion', { ...hello, ...more });

const versionsOf = async (world: World, more: Input = {}): Promise<unknown[]> =>
  ((await world.call('ListVersionsByFunction', { ...hello, ...more })).Versions as Output[]).map(
    ({ Version }) => Version,
  );

test('publishing freezes code and configuration under the next number', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const first = await publish(world, { Description: 'one' });
  assert.deepEqual(
    [first.Version, first.FunctionArn, first.Description, first.State],
    ['1', `${arn}:1`, 'one', 'Active'],
  );
  await change(world, { Timeout: 7 });
  assert.equal((await publish(world)).Version, '2');
  const [one, two] = await Promise.all(
    ['1', '2'].map((Qualifier) => world.call('GetFunctionConfiguration', { ...hello, Qualifier })),
  );
  assert.deepEqual([one?.Timeout, two?.Timeout], [3, 7]);
  const [latest, resolved] = ['$LATEST', '2'].map((version) =>
    world.metadata.resolve('000000000000', 'hello', version),
  );
  assert.ok(latest?.kind === 'found' && resolved?.kind === 'found');
  assert.notEqual(latest.version.generation, resolved.version.generation);
});

test('publishing again without a change gives the version that is there', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Description: 'd', Environment: { Variables: { AB: '1', CD: '2' } } });
  assert.equal((await publish(world, { Description: 'other' })).Version, '1');
  assert.equal((await publish(world, { Description: 'another' })).Description, 'other');
  await change(world, { Environment: { Variables: { CD: '2', AB: '1' } } });
  assert.equal((await publish(world)).Version, '1');
  await change(world, { Description: 'e' });
  assert.equal((await publish(world)).Version, '2');
  await world.call('DeleteFunction', { ...hello, Qualifier: '2' });
  assert.equal((await publish(world)).Version, '3');
});

test('publishing can require the code and the revision that the client knows', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const { CodeSha256, RevisionId } = await world.call('GetFunctionConfiguration', hello);
  await refuses(
    publish(world, { CodeSha256: 'x' }),
    'InvalidParameterValueException',
    /^CodeSHA256 \(x\) is different/,
  );
  await refuses(publish(world, { RevisionId: 'x' }), 'PreconditionFailedException', /Revision Id/);
  assert.equal((await publish(world, { CodeSha256, RevisionId })).Version, '1');
});

test('creating and updating can publish at once', async (t) => {
  const world = await openWorld(t);
  const created = await world.create('hello', { Publish: true });
  assert.deepEqual([created.Version, created.State], ['1', 'Pending']);
  const updated = await world.call('UpdateFunctionCode', {
    ...hello,
    ZipFile: await zip({ 'b.mjs': '' }),
    Publish: true,
  });
  assert.deepEqual([updated.Version, updated.FunctionArn], ['2', `${arn}:2`]);
  await world.plane.settled();
  for (const Qualifier of ['1', '2']) {
    assert.equal((await world.call('GetFunctionConfiguration', { ...hello, Qualifier })).State, 'Active');
  }
  assert.equal((await publish(world)).Version, '2');
});

test('versions are listed in pages, $LATEST first and then by number', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  for (let index = 1; index <= 11; index += 1) {
    await change(world, { Timeout: 3 + index });
    await publish(world);
  }
  const everything = ['$LATEST', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'];
  assert.deepEqual(await versionsOf(world), everything);
  for (const MaxItems of [1, 2, 5, 12]) {
    const seen: unknown[] = [];
    for (let Marker: unknown; ;) {
      const output = await world.call('ListVersionsByFunction', { ...hello, MaxItems, Marker });
      const versions = output.Versions as Output[];
      assert.ok(versions.length <= MaxItems);
      seen.push(...versions.map(({ Version }) => Version));
      Marker = output.NextMarker;
      if (Marker === undefined) break;
    }
    assert.deepEqual(seen, everything);
  }
});

test('a version can be deleted unless an alias needs it', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Publish: true });
  await change(world, { Timeout: 4 });
  await publish(world);
  await world.call('CreateAlias', {
    ...hello,
    Name: 'live',
    FunctionVersion: '1',
    RoutingConfig: { AdditionalVersionWeights: { 2: 0.1 } },
  });
  for (const Qualifier of ['1', '2']) {
    await refuses(
      world.call('DeleteFunction', { ...hello, Qualifier }),
      'ResourceConflictException',
      /following aliases reference it: \[.*:live\]/,
    );
  }
  await refuses(
    world.call('DeleteFunction', { ...hello, Qualifier: '$LATEST' }),
    'InvalidParameterValueException',
    /LATEST/,
  );
  await refuses(
    world.call('DeleteFunction', { ...hello, Qualifier: 'live' }),
    'InvalidParameterValueException',
    /aliases/,
  );
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  await world.call('DeleteFunction', { ...hello, Qualifier: '1' });
  await world.call('DeleteFunction', { ...hello, Qualifier: '1' });
  assert.deepEqual(await versionsOf(world), ['$LATEST', '2']);
});

test('an alias can be created, read, moved, listed and deleted', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Publish: true });
  await change(world, { Timeout: 4 });
  await publish(world);
  const created = await world.call('CreateAlias', {
    ...hello,
    Name: 'live',
    FunctionVersion: '1',
    Description: 'd',
  });
  const { RevisionId, ...rest } = JSON.parse(JSON.stringify(created)) as Record<string, unknown>;
  assert.deepEqual(rest, { AliasArn: `${arn}:live`, Name: 'live', FunctionVersion: '1', Description: 'd' });
  const config = await world.call('GetFunction', { ...hello, Qualifier: 'live' });
  assert.equal((config.Configuration as Output).FunctionArn, `${arn}:live`);
  assert.equal((config.Configuration as Output).Version, '1');
  await refuses(
    world.call('UpdateAlias', { ...hello, Name: 'live', FunctionVersion: '2', RevisionId: 'x' }),
    'PreconditionFailedException',
    /Revision Id/,
  );
  const routing = { AdditionalVersionWeights: { 1: 0.5 } };
  const moved = await world.call('UpdateAlias', {
    ...hello,
    Name: 'live',
    FunctionVersion: '2',
    RoutingConfig: routing,
    RevisionId,
  });
  assert.deepEqual([moved.FunctionVersion, moved.RoutingConfig, moved.Description], ['2', routing, 'd']);
  assert.notEqual(moved.RevisionId, RevisionId);
  await world.call('CreateAlias', { ...hello, Name: 'test', FunctionVersion: '$LATEST' });
  const listed = async (more: Input): Promise<unknown[]> =>
    ((await world.call('ListAliases', { ...hello, ...more })).Aliases as Output[]).map(({ Name }) => Name);
  assert.deepEqual(await listed({}), ['live', 'test']);
  assert.deepEqual(await listed({ FunctionVersion: '1' }), ['live']);
  assert.deepEqual(await listed({ FunctionVersion: '$LATEST' }), ['test']);
  const cleared = await world.call('UpdateAlias', { ...hello, Name: 'live', RoutingConfig: {} });
  assert.equal(cleared.RoutingConfig, undefined);
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  await refuses(
    world.call('GetAlias', { ...hello, Name: 'live' }),
    'ResourceNotFoundException',
    /^Cannot find alias arn: .*:live$/,
  );
  await refuses(
    world.call('UpdateAlias', { ...hello, Name: 'live' }),
    'ResourceNotFoundException',
    /^Cannot find alias/,
  );
});

const weights = (AdditionalVersionWeights: Input): Input => ({ RoutingConfig: { AdditionalVersionWeights } });

test('an alias must make sense', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Publish: true });
  const refused = (more: Input, name: string, message: RegExp): Promise<void> =>
    refuses(world.call('CreateAlias', { ...hello, Name: 'a', FunctionVersion: '1', ...more }), name, message);
  const invalid = 'InvalidParameterValueException';
  await refused({ FunctionVersion: '9' }, 'ResourceNotFoundException', /^Function not found: .*:hello:9$/);
  await refused({ FunctionVersion: '01' }, 'ResourceNotFoundException', /:hello:01$/);
  await refused(weights({ 9: 0.1 }), 'ResourceNotFoundException', /:hello:9$/);
  await refused(weights({ 1: 0.1 }), invalid, /already included/);
  await refused(weights({ 2: 0.1, 3: 0.1 }), invalid, /cannot be greater than 1/);
  await refused(
    { FunctionVersion: '$LATEST', ...weights({ 1: 0.1 }) },
    invalid,
    /^\$LATEST is not supported/,
  );
  await refused({ FunctionName: 'nope' }, 'ResourceNotFoundException', /:nope$/);
  await world.call('CreateAlias', { ...hello, Name: 'a', FunctionVersion: '1' });
  await refused({}, 'ResourceConflictException', /^Alias already exists: .*:hello:a$/);
});
