/** Functions that run from container images: created, updated, published, deleted, as clients and the store of images see them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { ImageProblem } from '#registry';
import type { Input, Output } from '#wire';
import { digestOf, FakeImages, repository } from './fixtures/images.ts';
import { openWorldOn, refuses, role, type World, zip } from './fixtures/world.ts';

const invalid = 'InvalidParameterValueException';
const uri = `${repository}:latest`;

interface ImageWorld extends World {
  readonly images: FakeImages;
}

async function open(t: TestContext, images = new FakeImages()): Promise<ImageWorld> {
  const world = await openWorldOn(t, {
    documents: memoryDocuments(),
    blobs: memoryBlobs(),
    plane: { images },
  });
  return { ...world, images };
}

const newImage = (name = 'hello', more: Input = {}): Input => ({
  FunctionName: name,
  Role: role,
  PackageType: 'Image',
  Code: { ImageUri: uri },
  ...more,
});

const shown = (output: Output): Record<string, unknown> =>
  JSON.parse(JSON.stringify(output)) as Record<string, unknown>;

const configurationOf = async (world: World, qualifier?: string): Promise<Record<string, unknown>> =>
  shown(await world.call('GetFunctionConfiguration', { FunctionName: 'hello', Qualifier: qualifier }));

async function update(world: World, operation: string, input: Input): Promise<Output> {
  const output = await world.call(operation, { FunctionName: 'hello', ...input });
  await world.plane.settled();
  return output;
}

const servedImage = (world: World, qualifier?: string): string | undefined => {
  const found = world.metadata.resolve('000000000000', 'hello', qualifier);
  assert.ok(found.kind === 'found');
  return found.version.configuration.image?.imageId?.slice(0, 1);
};

test('a function of an image is Pending until the image is stored, and shows what AWS shows', async (t) => {
  const world = await open(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  world.images.gate = promise;
  const created = shown(await world.call('CreateFunction', newImage()));
  const { RevisionId: _revision, ...rest } = created;
  assert.deepEqual(rest, {
    FunctionName: 'hello',
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:hello',
    Role: role,
    CodeSize: 0,
    CodeSha256: 'a'.repeat(64),
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    LastModified: '2026-01-01T00:00:00.000+0000',
    Version: '$LATEST',
    TracingConfig: { Mode: 'PassThrough' },
    State: 'Pending',
    StateReason: 'The function is being created.',
    StateReasonCode: 'Creating',
    PackageType: 'Image',
    Architectures: ['x86_64'],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/hello' },
  });
  await refuses(
    world.call('UpdateFunctionCode', { FunctionName: 'hello', ImageUri: uri }),
    'ResourceConflictException',
    /Pending/,
  );
  resolve();
  await world.plane.settled();
  assert.equal((await configurationOf(world)).State, 'Active');
  const { Code } = await world.call('GetFunction', { FunctionName: 'hello' });
  assert.deepEqual(Code, {
    RepositoryType: 'ECR',
    ImageUri: uri,
    ResolvedImageUri: `${repository}@${digestOf('a')}`,
  });
  assert.equal(servedImage(world), 'a');
  const [listed] = (await world.call('ListFunctions', {})).Functions as Output[];
  assert.equal(listed?.PackageType, 'Image');
});

test('what does not go with an image, or with an archive, is refused in the words of AWS', async (t) => {
  const world = await open(t);
  const refused = (change: Input, message: string | RegExp): Promise<void> =>
    refuses(world.call('CreateFunction', newImage('hello', change)), invalid, message);
  const noRuntime =
    "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
  await refused({ Runtime: 'nodejs24.x' }, noRuntime);
  await refused({ Handler: 'a.b' }, noRuntime);
  await refused({ Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:a:1'] }, noRuntime);
  await refused({ Code: {} }, /^Please provide ImageUri/);
  await refused({ Code: { ImageUri: uri, S3Bucket: 'b' } }, /don't provide ZipFile or S3/);
  await refused({ SnapStart: { ApplyOn: 'PublishedVersions' } }, /not supported for SnapStart/);
  await refused({ ImageConfig: { Command: ['a\0'] } }, /NUL/);
  await refused({ CodeSigningConfigArn: 'arn' }, /^Code signing is not supported/);
  await refused(
    { Code: { ImageUri: `${repository}:none` } },
    `Source image ${repository}:none does not exist. Provide a valid source image.`,
  );
  world.images.unresolvable = new ImageProblem('ImageAccessDenied', 'denied');
  await refuses(world.call('CreateFunction', newImage()), 'AccessDeniedException', 'denied');
  world.images.unresolvable = undefined;
  await world.call('CreateFunction', newImage());
  await world.plane.settled();
  const zipped = { ZipFile: await zip({ 'index.mjs': '' }) };
  const change = (operation: string, input: Input): Promise<Output> =>
    world.call(operation, { FunctionName: 'hello', ...input });
  const onlyImage = 'Please provide ImageUri when updating a function with packageType Image.';
  await refuses(change('UpdateFunctionCode', zipped), invalid, onlyImage);
  await refuses(change('UpdateFunctionConfiguration', { Runtime: 'nodejs24.x' }), invalid, noRuntime);
  await refuses(change('GetFunctionCodeSigningConfig', {}), invalid, /^Code signing is not supported/);
  await refuses(change('GetRuntimeManagementConfig', {}), invalid, /^Runtime management is not supported/);
  await world.create('archive');
  const onlyZip = "Please don't provide ImageUri when updating a function with packageType Zip.";
  await refuses(
    world.call('UpdateFunctionCode', { FunctionName: 'archive', ImageUri: uri }),
    invalid,
    onlyZip,
  );
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'archive', ImageConfig: { Command: ['a'] } }),
    invalid,
    /don't provide ImageConfig/,
  );
});

test('where images cannot run, creating one says why', async (t) => {
  const documents = memoryDocuments();
  const plane = { images: new FakeImages(), imagesProblem: async () => 'nbdfuse is not installed.' };
  const world = await openWorldOn(t, { documents, blobs: memoryBlobs(), plane });
  await refuses(
    world.call('CreateFunction', newImage()),
    invalid,
    'Container images (PackageType Image) cannot run here: nbdfuse is not installed.',
  );
});

test('ImageConfig is kept, replaced as a whole, and taken away', async (t) => {
  const world = await open(t);
  await world.call(
    'CreateFunction',
    newImage('hello', { ImageConfig: { Command: ['b.handler'], EntryPoint: [] } }),
  );
  await world.plane.settled();
  const config = async (): Promise<unknown> => (await configurationOf(world)).ImageConfigResponse;
  assert.deepEqual(await config(), { ImageConfig: { Command: ['b.handler'] } });
  await update(world, 'UpdateFunctionConfiguration', { MemorySize: 256 });
  assert.deepEqual(await config(), { ImageConfig: { Command: ['b.handler'] } });
  await update(world, 'UpdateFunctionConfiguration', { ImageConfig: { WorkingDirectory: '/srv' } });
  assert.deepEqual(await config(), { ImageConfig: { WorkingDirectory: '/srv' } });
  await update(world, 'UpdateFunctionConfiguration', { ImageConfig: {} });
  assert.equal(await config(), undefined);
  assert.equal(world.images.stores, 1, 'settings do not store the image again');
  assert.equal(world.images.holders('a'), 1);
});

test('an update runs the old image until the new one is stored, then gives the old one back', async (t) => {
  const world = await open(t);
  await world.call('CreateFunction', newImage());
  await world.plane.settled();
  world.images.tags.set('latest', digestOf('b'));
  const { promise, resolve } = Promise.withResolvers<void>();
  world.images.gate = promise;
  const dry = await world.call('UpdateFunctionCode', { FunctionName: 'hello', ImageUri: uri, DryRun: true });
  assert.equal(dry.CodeSha256, 'b'.repeat(64));
  const output = await world.call('UpdateFunctionCode', { FunctionName: 'hello', ImageUri: uri });
  assert.equal(output.LastUpdateStatus, 'InProgress');
  assert.equal(servedImage(world), 'a');
  resolve();
  await world.plane.settled();
  assert.equal((await configurationOf(world)).LastUpdateStatus, 'Successful');
  assert.equal(servedImage(world), 'b');
  assert.equal(world.images.holders('a'), 0);
  assert.equal(world.images.holders('b'), 1);
});

test('an update that fails says why, and what ran goes on running', async (t) => {
  const world = await open(t);
  await world.call('CreateFunction', newImage());
  await world.plane.settled();
  world.images.tags.set('latest', digestOf('b'));
  for (const code of ['InvalidImage', 'ImageAccessDenied', 'ImageDeleted'] as const) {
    world.images.problems.set(digestOf('b'), new ImageProblem(code, `because ${code}`));
    await update(world, 'UpdateFunctionCode', { ImageUri: uri });
    const after = await configurationOf(world);
    assert.equal(after.State, 'Active');
    assert.equal(after.LastUpdateStatus, 'Failed');
    assert.equal(after.LastUpdateStatusReasonCode, code);
    assert.equal(after.LastUpdateStatusReason, `because ${code}`);
    assert.equal(servedImage(world), 'a');
    assert.equal(world.images.holders('a'), 1);
  }
  await update(world, 'UpdateFunctionCode', { ImageUri: `${repository}@${digestOf('a')}` });
  assert.equal((await configurationOf(world)).LastUpdateStatus, 'Successful');
  assert.equal(world.images.holders('a'), 1);
});

test('a function whose image is broken becomes Failed, and another image mends it', async (t) => {
  const world = await open(t);
  world.images.problems.set(digestOf('a'), new ImageProblem('InvalidImage', 'a layer is broken'));
  await world.call('CreateFunction', newImage());
  await world.plane.settled();
  const failed = await configurationOf(world);
  assert.equal(failed.State, 'Failed');
  assert.equal(failed.StateReasonCode, 'InvalidImage');
  assert.equal(failed.StateReason, 'a layer is broken');
  await update(world, 'UpdateFunctionCode', { ImageUri: `${repository}@${digestOf('c')}` });
  assert.equal((await configurationOf(world)).State, 'Active');
  assert.equal(servedImage(world), 'c');
});

test('a published version holds its image by itself, and releases it when it is deleted', async (t) => {
  const world = await open(t);
  await world.call('CreateFunction', newImage('hello', { Publish: true }));
  await world.plane.settled();
  assert.equal(world.images.stores, 1, 'two versions of one image store it once');
  assert.equal(world.images.holders('a'), 2);
  assert.equal((await world.call('PublishVersion', { FunctionName: 'hello' })).Version, '1');
  await update(world, 'UpdateFunctionConfiguration', { Description: 'other' });
  const second = await world.call('PublishVersion', { FunctionName: 'hello' });
  assert.equal(second.Version, '2');
  assert.equal(second.State, 'Active');
  assert.equal(world.images.holders('a'), 3);
  world.images.tags.set('latest', digestOf('b'));
  await update(world, 'UpdateFunctionCode', { ImageUri: uri, Publish: true });
  assert.equal(world.images.holders('a'), 2);
  assert.equal(world.images.holders('b'), 2);
  assert.equal(servedImage(world, '2'), 'a');
  await update(world, 'DeleteFunction', { Qualifier: '2' });
  assert.equal(world.images.holders('a'), 1);
  await update(world, 'DeleteFunction', {});
  assert.equal(world.images.stored.size, 0);
});

test('a version whose image has gone from the store gets it stored again when it is published', async (t) => {
  const world = await open(t);
  await world.call('CreateFunction', newImage());
  await world.plane.settled();
  world.images.stored.clear();
  const version = await world.call('PublishVersion', { FunctionName: 'hello' });
  assert.equal(version.State, 'Pending');
  await world.plane.settled();
  assert.equal((await configurationOf(world, '1')).State, 'Active');
  assert.equal(world.images.holders('a'), 1);
});

test('a function that is deleted while its image is stored leaves no reference', async (t) => {
  const world = await open(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  world.images.gate = promise;
  await world.call('CreateFunction', newImage());
  await world.call('DeleteFunction', { FunctionName: 'hello' });
  // The same name and image again: what the first one gives back is its own.
  await world.call('CreateFunction', newImage());
  resolve();
  await world.plane.settled();
  await world.plane.settled();
  assert.equal((await configurationOf(world)).State, 'Active');
  assert.equal(world.images.holders('a'), 1);
});

test('what a crash left is taken up: images that were being stored, and references that nobody needs', async (t) => {
  const world = await open(t);
  world.images.gate = new Promise(() => {});
  await world.call('CreateFunction', newImage());
  await world.images.refer('x', 'nobody');
  world.images.stored.set('f'.repeat(64), new Set(['function:of somebody who is gone', 'registry:kept']));
  world.images.gate = Promise.resolve();
  const next = world.restart();
  await next.resume();
  await next.settled();
  assert.equal((await configurationOf(world)).State, 'Active');
  assert.deepEqual([...(world.images.stored.get('f'.repeat(64)) ?? [])], ['registry:kept']);
  assert.equal(world.images.holders('a'), 1);
});
