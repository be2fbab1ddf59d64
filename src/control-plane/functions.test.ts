/** Functions: created, read and listed, as clients see them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { newFunction, openWorldOn, refuses, role, type World } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const configurationOf = async (world: World, name = 'hello'): Promise<Output> =>
  world.call('GetFunctionConfiguration', { FunctionName: name });

/** Without members that are undefined, as on the wire. */
const shown = (output: Output): unknown => JSON.parse(JSON.stringify(output));

test('a function is created Pending and becomes Active', async (t) => {
  const world = await openWorld(t);
  const input = await newFunction('hello');
  const created = shown(await world.call('CreateFunction', input)) as Record<string, unknown>;
  const { CodeSha256, CodeSize, RevisionId, ...rest } = created;
  assert.match(String(CodeSha256), /^[A-Za-z0-9+/]{43}=$/);
  assert.equal(CodeSize, ((input.Code as Input).ZipFile as Buffer).length);
  assert.match(String(RevisionId), /^[0-9a-f-]{36}$/);
  assert.match(
    String((rest.RuntimeVersionConfig as Input).RuntimeVersionArn),
    /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/,
  );
  delete rest.RuntimeVersionConfig;
  assert.deepEqual(rest, {
    FunctionName: 'hello',
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:hello',
    Runtime: 'nodejs24.x',
    Role: role,
    Handler: 'index.handler',
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    LastModified: '2026-01-01T00:00:00.000+0000',
    Version: '$LATEST',
    TracingConfig: { Mode: 'PassThrough' },
    State: 'Pending',
    StateReason: 'The function is being created.',
    StateReasonCode: 'Creating',
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/hello' },
  });
  await world.plane.settled();
  const settled = await configurationOf(world);
  assert.equal(settled.State, 'Active');
  assert.equal(settled.StateReason, undefined);
  assert.equal(settled.LastUpdateStatus, 'Successful');
  const resolved = world.metadata.resolve('000000000000', 'hello', undefined);
  assert.ok(resolved.kind === 'found');
  assert.equal(resolved.version.state, 'Active');
  assert.equal(resolved.version.revisionId, settled.RevisionId);
});

test('GetFunction gives a link to the archive, tags and reserved concurrency', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Tags: { team: 'a' } });
  await world.call('PutFunctionConcurrency', { FunctionName: 'hello', ReservedConcurrentExecutions: 5 });
  const output = await world.call('GetFunction', { FunctionName: 'hello' });
  const { RepositoryType, Location } = output.Code as { RepositoryType: string; Location: string };
  assert.equal(RepositoryType, 'S3');
  assert.match(Location, /^http:\/\/127\.0\.0\.1:9000\/code\/[0-9a-f]{64}\.zip\?seconds=600$/);
  assert.deepEqual(output.Tags, { team: 'a' });
  assert.deepEqual(output.Concurrency, { ReservedConcurrentExecutions: 5 });
  await world.create('bare');
  const bare = await world.call('GetFunction', { FunctionName: 'bare' });
  assert.equal(bare.Tags, undefined);
  assert.equal(bare.Concurrency, undefined);
});

test('names, partial ARNs and ARNs find the function; others get the errors of AWS', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  for (const name of [
    'hello',
    'function:hello',
    '000000000000:function:hello',
    'arn:aws:lambda:us-east-1:000000000000:function:hello',
    'hello:$LATEST',
  ]) {
    assert.equal((await configurationOf(world, name)).FunctionName, 'hello');
  }
  await refuses(
    configurationOf(world, 'nope'),
    'ResourceNotFoundException',
    'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope',
  );
  await refuses(
    configurationOf(world, 'hello:prod'),
    'ResourceNotFoundException',
    'Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:prod',
  );
  await refuses(
    configurationOf(world, '123456789012:function:hello'),
    'AccessDeniedException',
    /^User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:GetFunctionConfiguration on resource: arn:aws:lambda:us-east-1:123456789012:function:hello /,
  );
  await refuses(
    configurationOf(world, 'arn:aws:lambda:eu-west-1:000000000000:function:hello'),
    'ResourceNotFoundException',
    "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
  );
  await refuses(
    world.call('GetFunction', { FunctionName: 'hello:1', Qualifier: '2' }),
    'InvalidParameterValueException',
    /derived qualifier/,
  );
});

test('what cannot be a function is refused', async (t) => {
  const world = await openWorld(t);
  await world.create('taken');
  const base = await newFunction('new');
  const refused = async (change: Input, name: string, message: RegExp | string): Promise<void> =>
    refuses(world.call('CreateFunction', { ...base, ...change }), name, message);
  const invalid = 'InvalidParameterValueException';
  await refused({ FunctionName: 'taken' }, 'ResourceConflictException', 'Function already exist: taken');
  await refused({ FunctionName: 'n'.repeat(65) }, 'ValidationException', /less than or equal to 64/);
  await refused({ Runtime: undefined }, invalid, /^Runtime and Handler are mandatory/);
  await refused({ Handler: undefined }, invalid, /^Runtime and Handler are mandatory/);
  await refused({ Runtime: 'ruby3.4' }, invalid, /not available on this host\. Install Ruby 3\.4\./);
  await refused({ Runtime: 'java21' }, invalid, /not supported by Lambkin/);
  await refused(
    { Runtime: 'nodejs12.x' },
    invalid,
    /^The runtime parameter of nodejs12\.x is no longer supported for creating or updating AWS Lambda functions\. We recommend you use a supported runtime/,
  );
  await refused({ MemorySize: 10_241 }, 'ValidationException', /less than or equal to 10240/);
  await refused({ Timeout: 901 }, 'ValidationException', /less than or equal to 900/);
  await refused({ Architectures: ['arm64'] }, invalid, /this host is x86_64/);
  await refused({ Code: {} }, invalid, 'Please provide a source for function code.');
  await refused({ Code: { S3Bucket: 'b', S3Key: 'k' } }, invalid, /does not know an S3 .*--endpoint s3=/);
  await refused({ Code: { ImageUri: 'x' } }, invalid, /provide ImageUri .* PackageType is Zip\.$/);
  await refused({ Code: { ZipFile: Buffer.from('no zip') } }, invalid, /^Could not unzip uploaded file\./);
  await refused({ Environment: { Variables: { A: 'x'.repeat(4096) } } }, invalid, /exceeded the 4KB limit/);
  await refused(
    { Environment: { Variables: { AWS_REGION: 'x', OK: 'y', _HANDLER: 'z' } } },
    invalid,
    /Reserved keys used in this request: AWS_REGION, _HANDLER$/,
  );
  await refused({ Environment: { Variables: { AB: 'a\0b' } } }, invalid, /not text/);
  await refused({ Tags: { 'aws:x': 'y' } }, invalid, /reserved/);
  const page = await world.call('ListFunctions', {});
  assert.equal((page.Functions as Output[]).length, 1);
});

test('what Lambkin does not serve yet is refused by name, and what asks for nothing passes', async (t) => {
  const world = await openWorld(t);
  const base = await newFunction('new');
  const asking: Input = {
    TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
    CapacityProviderConfig: { LambdaManagedInstancesCapacityProviderConfig: {} },
    DurableConfig: { ExecutionTimeout: 10 },
    PublishTo: 'LATEST_PUBLISHED',
  };
  for (const [member, value] of Object.entries(asking)) {
    await refuses(
      world.call('CreateFunction', { ...base, [member]: value }),
      'InvalidParameterValueException',
      new RegExp(`Lambkin does not serve .*${member}`),
    );
  }
  await world.create('new', {
    VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
    Layers: [],
    FileSystemConfigs: [],
    KMSKeyArn: '',
    TracingConfig: { Mode: 'PassThrough' },
    SnapStart: { ApplyOn: 'None' },
    DeadLetterConfig: {},
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/custom' },
    EphemeralStorage: { Size: 1024 },
    Architectures: ['x86_64'],
    PackageType: 'Zip',
    ImageConfig: {},
    Environment: { Variables: {} },
  });
  const output = shown(await configurationOf(world, 'new')) as Record<string, unknown>;
  assert.deepEqual(output.LoggingConfig, { LogFormat: 'Text', LogGroup: '/custom' });
  assert.deepEqual(output.EphemeralStorage, { Size: 1024 });
  assert.deepEqual((output.VpcConfig as Input).SubnetIds, []);
  assert.equal(output.Environment, undefined);
});

test('functions are listed in pages by name, without their states', async (t) => {
  const world = await openWorld(t);
  const names = ['a', 'a-b', 'b', 'c', 'd'];
  for (const name of names) await world.create(name);
  const seen: unknown[] = [];
  let pages = 0;
  for (let marker: unknown; ;) {
    const output = await world.call('ListFunctions', { MaxItems: 2, Marker: marker });
    for (const item of output.Functions as Output[]) {
      seen.push(item.FunctionName);
      assert.ok(!('State' in item) && !('LastUpdateStatus' in item));
    }
    pages += 1;
    marker = output.NextMarker;
    if (marker === undefined) break;
  }
  assert.deepEqual(seen, names);
  assert.equal(pages, 3);
  await world.call('PublishVersion', { FunctionName: 'b' });
  const all = await world.call('ListFunctions', { FunctionVersion: 'ALL', MasterRegion: 'us-east-1' });
  assert.deepEqual(
    (all.Functions as Output[]).map((item) => String(item.FunctionArn).split(':function:')[1]),
    ['a:$LATEST', 'a-b:$LATEST', 'b:$LATEST', 'c:$LATEST', 'd:$LATEST', 'b:1'],
  );
  await refuses(
    world.call('ListFunctions', { Marker: 'garbage' }),
    'InvalidParameterValueException',
    /Marker/,
  );
});

test('a page has at most 50 functions', async (t) => {
  const world = await openWorld(t);
  const input = await newFunction('x');
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      world.call('CreateFunction', { ...input, FunctionName: `f${String(index).padStart(2, '0')}` }),
    ),
  );
  await world.plane.settled();
  const first = await world.call('ListFunctions', { MaxItems: 10_000 });
  assert.equal((first.Functions as Output[]).length, 50);
  const second = await world.call('ListFunctions', { Marker: first.NextMarker });
  assert.equal((second.Functions as Output[]).length, 10);
  assert.equal(second.NextMarker, undefined);
});
