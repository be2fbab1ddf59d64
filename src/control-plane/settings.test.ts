/** The settings of functions: checked, kept, shown, changed one by one, and cleared. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { newFunction, openWorldOn, refuses, type World } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const shown = async (world: World): Promise<Output> =>
  world.call('GetFunctionConfiguration', { FunctionName: 'hello' });

async function change(world: World, input: Input): Promise<Output> {
  await world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', ...input });
  await world.plane.settled();
  return shown(world);
}

const accessPoint = 'arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0';
const queue = 'arn:aws:sqs:us-east-1:000000000000:dead';
const key = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555';
const invalid = 'InvalidParameterValueException';

test('a VPC is shown with its id; both lists or neither; empty lists clear it', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', {
    VpcConfig: { SubnetIds: ['subnet-1', 'subnet-2', 'subnet-1'], SecurityGroupIds: ['sg-1'] },
  });
  const { VpcConfig } = await shown(world);
  const { VpcId, ...vpc } = VpcConfig as { readonly VpcId: string };
  assert.match(VpcId, /^vpc-[0-9a-f]{17}$/);
  assert.deepEqual(vpc, {
    SubnetIds: ['subnet-1', 'subnet-2'],
    SecurityGroupIds: ['sg-1'],
    Ipv6AllowedForDualStack: false,
  });
  const dual = await change(world, { VpcConfig: { Ipv6AllowedForDualStack: true } });
  assert.deepEqual(dual.VpcConfig, { ...vpc, VpcId, Ipv6AllowedForDualStack: true });
  for (const half of [{ SubnetIds: [] }, { SecurityGroupIds: [] }]) {
    await refuses(
      change(world, { VpcConfig: half }),
      invalid,
      'SubnetIds and SecurityIds must coexist or be both empty list.',
    );
  }
  const told = 'hello: kept and shown, without effect: VpcConfig';
  assert.deepEqual(world.troubles, [told, told]);
  const cleared = await change(world, { VpcConfig: { SubnetIds: [], SecurityGroupIds: [] } });
  assert.deepEqual(world.troubles, [told, told]);
  assert.deepEqual(cleared.VpcConfig, {
    SubnetIds: [],
    SecurityGroupIds: [],
    VpcId: '',
    Ipv6AllowedForDualStack: false,
  });
});

test('a file system needs a VPC, also when the VPC goes', async (t) => {
  const world = await openWorld(t);
  const FileSystemConfigs = [{ Arn: accessPoint, LocalMountPath: '/mnt/data' }];
  await refuses(
    world.call('CreateFunction', { ...(await newFunction('hello')), FileSystemConfigs }),
    invalid,
    `Function must be configured to execute in a VPC to reference access point ${accessPoint}.`,
  );
  const VpcConfig = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] };
  await world.create('hello', { FileSystemConfigs, VpcConfig });
  assert.deepEqual((await shown(world)).FileSystemConfigs, FileSystemConfigs);
  const none = { SubnetIds: [], SecurityGroupIds: [] };
  await refuses(
    change(world, { VpcConfig: none }),
    invalid,
    /^Function must be configured to execute in a VPC/,
  );
  assert.equal(
    (await change(world, { VpcConfig: none, FileSystemConfigs: [] })).FileSystemConfigs,
    undefined,
  );
});

test('dead-letter targets, keys and tracing are kept, and cleared by empty values', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', {
    DeadLetterConfig: { TargetArn: queue },
    KMSKeyArn: key,
    TracingConfig: { Mode: 'Active' },
  });
  const kept = await shown(world);
  assert.deepEqual(
    [kept.DeadLetterConfig, kept.KMSKeyArn, kept.TracingConfig],
    [{ TargetArn: queue }, key, { Mode: 'Active' }],
  );
  for (const TargetArn of [
    'arn:aws:lambda:us-east-1:000000000000:function:x',
    'arn:aws:sqs:::x',
    'arn:aws:s3:::bucket',
  ]) {
    await refuses(change(world, { DeadLetterConfig: { TargetArn } }), invalid, /^Invalid dead letter ARN/);
  }
  await refuses(change(world, { KMSKeyArn: queue }), invalid, /KMS key ARN is invalid/);
  assert.deepEqual((await change(world, { Description: 'x' })).DeadLetterConfig, { TargetArn: queue });
  const cleared = await change(world, {
    DeadLetterConfig: { TargetArn: '' },
    KMSKeyArn: '',
    TracingConfig: { Mode: 'PassThrough' },
  });
  assert.deepEqual(
    [cleared.DeadLetterConfig, cleared.KMSKeyArn, cleared.TracingConfig],
    [undefined, undefined, { Mode: 'PassThrough' }],
  );
});

test('JSON logging has levels, with their defaults; text has none', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' } });
  const json = { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', SystemLogLevel: 'WARN' };
  const LogGroup = '/aws/lambda/hello';
  assert.deepEqual((await shown(world)).LoggingConfig, { ...json, LogGroup });
  const debug = await change(world, { LoggingConfig: { ApplicationLogLevel: 'DEBUG', LogGroup: '/mine' } });
  assert.deepEqual(debug.LoggingConfig, { ...json, ApplicationLogLevel: 'DEBUG', LogGroup: '/mine' });
  await refuses(
    change(world, { LoggingConfig: { LogFormat: 'Text', ApplicationLogLevel: 'DEBUG' } }),
    invalid,
    /^LogLevel is not supported when LogFormat is set to "Text"\./,
  );
  const text = await change(world, { LoggingConfig: { LogFormat: 'Text' } });
  assert.deepEqual(text.LoggingConfig, { LogFormat: 'Text', LogGroup: '/mine' });
  await refuses(change(world, { LoggingConfig: { SystemLogLevel: 'INFO' } }), invalid, /^LogLevel is not/);
});

test('SnapStart is for runtimes that AWS has it for, and its status tells the truth', async (t) => {
  const world = await openWorld(t);
  world.runtimes.available.set('python3.13', { kind: 'ready' });
  world.runtimes.available.set('python3.11', { kind: 'ready' });
  const SnapStart = { ApplyOn: 'PublishedVersions' };
  const base = await newFunction('hello');
  for (const Runtime of ['nodejs24.x', 'python3.11']) {
    await refuses(
      world.call('CreateFunction', { ...base, Runtime, SnapStart }),
      invalid,
      `${Runtime} is not supported for SnapStart enabled functions.`,
    );
  }
  await refuses(
    world.call('CreateFunction', {
      ...base,
      Runtime: 'python3.13',
      SnapStart,
      EphemeralStorage: { Size: 513 },
    }),
    invalid,
    /EphemeralStorage .* not supported for SnapStart/,
  );
  await world.create('hello', { Runtime: 'python3.13', SnapStart, Publish: true });
  const off = { ApplyOn: 'PublishedVersions', OptimizationStatus: 'Off' };
  assert.deepEqual((await shown(world)).SnapStart, off);
  const published = await world.call('GetFunctionConfiguration', { FunctionName: 'hello', Qualifier: '1' });
  assert.deepEqual(published.SnapStart, off);
  await refuses(change(world, { Runtime: 'nodejs24.x' }), invalid, /not supported for SnapStart/);
  const none = await change(world, { Runtime: 'nodejs24.x', SnapStart: { ApplyOn: 'None' } });
  assert.deepEqual(none.SnapStart, { ApplyOn: 'None', OptimizationStatus: 'Off' });
});

test('temporary storage ends at 10,240 MB', async (t) => {
  const world = await openWorld(t);
  const base = await newFunction('hello');
  await refuses(
    world.call('CreateFunction', { ...base, EphemeralStorage: { Size: 10_241 } }),
    'ValidationException',
    /ephemeralStorage\.size.*less than or equal to 10240/,
  );
});

test('a role that IAM knows must let Lambda assume it; one that IAM does not know may be any', async (t) => {
  const world = await openWorld(t);
  const Role = 'arn:aws:iam::000000000000:role/closed';
  world.roles.set(Role, 'not-assumable');
  const cannot = 'The role defined for the function cannot be assumed by Lambda.';
  const base = await newFunction('hello');
  await refuses(world.call('CreateFunction', { ...base, Role }), invalid, cannot);
  await world.create('hello');
  await refuses(change(world, { Role }), invalid, cannot);
  world.roles.set(Role, 'assumable');
  assert.equal((await change(world, { Role })).Role, Role);
});

test('the key of an archive is shown with the code, and goes with it', async (t) => {
  const world = await openWorld(t);
  const base = await newFunction('hello');
  await world.create('hello', { Code: { ...(base.Code as Input), SourceKMSKeyArn: key } });
  const codeOf = async (): Promise<Output> =>
    (await world.call('GetFunction', { FunctionName: 'hello' })).Code as Output;
  assert.equal((await codeOf()).SourceKMSKeyArn, key);
  assert.equal((await shown(world)).SourceKMSKeyArn, undefined);
  await world.call('UpdateFunctionCode', { FunctionName: 'hello', ...(base.Code as Input) });
  await world.plane.settled();
  assert.equal((await codeOf()).SourceKMSKeyArn, undefined);
});
