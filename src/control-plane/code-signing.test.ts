/** Code signing configurations, which functions have them, and what they refuse. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Output } from '#wire';
import { newFunction, openWorldOn, refuses, type World, zip } from './fixtures/world.ts';

const invalid = 'InvalidParameterValueException';
const profile = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/release/0123456789';
const otherProfile = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/nightly/0123456789';
const pair = generateKeyPairSync('ed25519');

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, {
    documents: memoryDocuments(),
    blobs: memoryBlobs(),
    plane: {
      signingKeys: new Map([
        [profile, pair.publicKey],
        [otherProfile, pair.publicKey],
      ]),
    },
  });

async function createConfig(world: World, policy: 'Warn' | 'Enforce'): Promise<string> {
  const { CodeSigningConfig } = await world.call('CreateCodeSigningConfig', {
    AllowedPublishers: { SigningProfileVersionArns: [profile] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy },
  });
  return String((CodeSigningConfig as Output)['CodeSigningConfigArn']);
}

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** An archive of one file, signed; `shipped` is what is in it. */
async function signedZip(by: string, source: string, shipped = source, more = ''): Promise<Buffer> {
  const digest = createHash('sha256').update(source).digest('hex');
  const manifest = `lambkin-signature 1\nprofile ${by}\n${more}\nf ${digest} index.mjs\n`;
  const signature = sign(null, Buffer.from(manifest), pair.privateKey);
  return zip({
    'index.mjs': shipped,
    'META-INF/lambkin/manifest': manifest,
    'META-INF/lambkin/signature': signature,
  });
}

const refusal = (whose: string): string =>
  `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${whose}.`;

test('a configuration is created, read, changed, listed and deleted', async (t) => {
  const world = await openWorld(t);
  const { CodeSigningConfig: created } = await world.call('CreateCodeSigningConfig', {
    Description: 'ours',
    AllowedPublishers: { SigningProfileVersionArns: [profile] },
    Tags: { a: '1' },
  });
  const { CodeSigningConfigId: id, CodeSigningConfigArn } = created as Output;
  assert.match(String(id), /^csc-[0-9a-f]{17}$/);
  assert.deepEqual(created, {
    CodeSigningConfigId: id,
    CodeSigningConfigArn: `arn:aws:lambda:us-east-1:000000000000:code-signing-config:${String(id)}`,
    Description: 'ours',
    AllowedPublishers: { SigningProfileVersionArns: [profile] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
    LastModified: '2026-01-01T00:00:00.000+0000',
  });
  world.clock.advance(1_000);
  const { CodeSigningConfig: after } = await world.call('UpdateCodeSigningConfig', {
    CodeSigningConfigArn,
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
  });
  assert.deepEqual(after, {
    ...(created as Output),
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
    LastModified: '2026-01-01T00:00:01.000+0000',
  });
  assert.deepEqual(await world.call('GetCodeSigningConfig', { CodeSigningConfigArn }), {
    CodeSigningConfig: after,
  });
  const second = await createConfig(world, 'Warn');
  const first = await world.call('ListCodeSigningConfigs', { MaxItems: 1 });
  const rest = await world.call('ListCodeSigningConfigs', { MaxItems: 1, Marker: first.NextMarker });
  const arns = [first, rest].flatMap(({ CodeSigningConfigs }) =>
    (CodeSigningConfigs as Output[]).map((each) => each['CodeSigningConfigArn']),
  );
  assert.deepEqual(new Set(arns), new Set([CodeSigningConfigArn, second]));
  await world.call('TagResource', { Resource: CodeSigningConfigArn, Tags: { b: '2' } });
  await world.call('UntagResource', { Resource: CodeSigningConfigArn, TagKeys: ['a'] });
  assert.deepEqual(await world.call('ListTags', { Resource: CodeSigningConfigArn }), { Tags: { b: '2' } });
  await world.call('DeleteCodeSigningConfig', { CodeSigningConfigArn });
  for (const operation of ['GetCodeSigningConfig', 'DeleteCodeSigningConfig', 'UpdateCodeSigningConfig']) {
    await refuses(
      world.call(operation, { CodeSigningConfigArn }),
      'ResourceNotFoundException',
      `The Lambda code signing configuration ${String(CodeSigningConfigArn)} can not be found.`,
    );
  }
});

test('a function has no code signing configuration, and a function that does not exist has not even that', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
  assert.deepEqual(await world.call('GetFunctionCodeSigningConfig', { FunctionName }), {});
  await refuses(
    world.call('GetFunctionCodeSigningConfig', { FunctionName: 'other' }),
    'ResourceNotFoundException',
    /Function not found: .*:other$/,
  );
});

test('a configuration that functions have cannot be deleted, until none has it', async (t) => {
  const world = await openWorld(t);
  const CodeSigningConfigArn = await createConfig(world, 'Warn');
  const second = await createConfig(world, 'Warn');
  await world.create('hello', { CodeSigningConfigArn });
  await world.create('other');
  const answer = { CodeSigningConfigArn, FunctionName: 'other' };
  assert.deepEqual(await world.call('PutFunctionCodeSigningConfig', answer), answer);
  assert.deepEqual(await world.call('GetFunctionCodeSigningConfig', { FunctionName: 'other' }), answer);
  const users = async (arn: string): Promise<unknown> =>
    (await world.call('ListFunctionsByCodeSigningConfig', { CodeSigningConfigArn: arn })).FunctionArns;
  assert.deepEqual(await users(CodeSigningConfigArn), [arnOf('hello'), arnOf('other')]);
  const inUse = (): Promise<void> =>
    refuses(
      world.call('DeleteCodeSigningConfig', { CodeSigningConfigArn }),
      'ResourceConflictException',
      /used by functions/,
    );
  await inUse();
  await world.call('PutFunctionCodeSigningConfig', { FunctionName: 'other', CodeSigningConfigArn: second });
  assert.deepEqual(await users(CodeSigningConfigArn), [arnOf('hello')]);
  assert.deepEqual(await users(second), [arnOf('other')]);
  await inUse();
  await world.call('DeleteFunction', { FunctionName: 'hello' });
  await world.call('DeleteCodeSigningConfig', { CodeSigningConfigArn });
  await world.call('DeleteFunctionCodeSigningConfig', { FunctionName: 'other' });
  await world.call('DeleteFunctionCodeSigningConfig', { FunctionName: 'other' });
  await world.call('DeleteCodeSigningConfig', { CodeSigningConfigArn: second });
  assert.deepEqual((await world.documents.list('control-plane/code-signing/')).documents, []);
  const missing = 'CodeSigningConfigNotFoundException';
  const message = `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${second}.`;
  await refuses(
    world.call('PutFunctionCodeSigningConfig', { FunctionName: 'other', CodeSigningConfigArn: second }),
    missing,
    message,
  );
  await refuses(world.create('third', { CodeSigningConfigArn: second }), missing, message);
  await refuses(
    world.call('PutFunctionCodeSigningConfig', { FunctionName: 'other:1', CodeSigningConfigArn: second }),
    invalid,
    /Aliases and versions do not support/,
  );
});

test('no function keeps a configuration that is deleted at the same time', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  for (let round = 0; round < 10; round += 1) {
    const CodeSigningConfigArn = await createConfig(world, 'Warn');
    const [put, deleted] = await Promise.allSettled([
      world.call('PutFunctionCodeSigningConfig', { FunctionName: 'hello', CodeSigningConfigArn }),
      world.call('DeleteCodeSigningConfig', { CodeSigningConfigArn }),
    ]);
    assert.notEqual(put.status, deleted.status);
  }
});

test('Enforce takes what an allowed publisher signed, and nothing else', async (t) => {
  const world = await openWorld(t);
  const CodeSigningConfigArn = await createConfig(world, 'Enforce');
  const failed = 'CodeVerificationFailedException';
  const deploy = async (ZipFile: Uint8Array): Promise<Output> => {
    await world.plane.settled();
    return world.call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile });
  };
  await refuses(
    world.call('CreateFunction', { ...(await newFunction('hello')), CodeSigningConfigArn }),
    failed,
    refusal('unsigned'),
  );
  await refuses(world.call('GetFunction', { FunctionName: 'hello' }), 'ResourceNotFoundException', /hello/);
  const created = await world.create('hello', {
    CodeSigningConfigArn,
    Code: { ZipFile: await signedZip(profile, 'export const handler = () => 1;') },
  });
  assert.equal(created['SigningProfileVersionArn'], profile);
  const job = 'arn:aws:signer:us-east-1:000000000000:/signing-jobs/1';
  const updated = await deploy(await signedZip(profile, 'a', 'a', `job ${job}\n`));
  assert.deepEqual([updated['SigningProfileVersionArn'], updated['SigningJobArn']], [profile, job]);
  await refuses(deploy(await zip({ 'index.mjs': '' })), failed, refusal('unsigned'));
  await refuses(deploy(await signedZip(otherProfile, 'a')), failed, refusal(otherProfile));
  await refuses(deploy(await signedZip('arn:aws:x', 'a')), failed, refusal('arn:aws:x'));
  const expired = await signedZip(profile, 'b', 'b', 'expires 2026-01-01T00:00:00Z\n');
  await refuses(deploy(expired), failed, refusal(profile));
  await refuses(
    deploy(await signedZip(profile, 'a', 'evil')),
    'InvalidCodeSignatureException',
    /^The code signature failed the integrity check: index\.mjs is not as it was signed\.$/,
  );
  await world.call('DeleteFunctionCodeSigningConfig', { FunctionName: 'hello' });
  const free = await deploy(await zip({ 'index.mjs': '' }));
  assert.equal(free['SigningProfileVersionArn'], undefined);
});

test('under Enforce layers must be signed too, which is seen when they are published', async (t) => {
  const world = await openWorld(t);
  const publish = async (LayerName: string, ZipFile: Uint8Array): Promise<Output> =>
    world.call('PublishLayerVersion', { LayerName, Content: { ZipFile } });
  const plain = await publish('plain', await zip({ 'index.mjs': '' }));
  const good = await publish('good', await signedZip(profile, 'a'));
  assert.equal((good['Content'] as Output)['SigningProfileVersionArn'], profile);
  await refuses(
    publish('bad', await signedZip(profile, 'a', 'evil')),
    'InvalidCodeSignatureException',
    /integrity check/,
  );
  const CodeSigningConfigArn = await createConfig(world, 'Enforce');
  const Code = { ZipFile: await signedZip(profile, 'a') };
  const failed = 'CodeVerificationFailedException';
  const plainArn = String(plain['LayerVersionArn']);
  await refuses(
    world.create('hello', { CodeSigningConfigArn, Code, Layers: [plainArn] }),
    failed,
    refusal(plainArn),
  );
  const created = await world.create('hello', {
    CodeSigningConfigArn,
    Code,
    Layers: [good['LayerVersionArn']],
  });
  assert.equal((created['Layers'] as Output[])[0]?.['SigningProfileVersionArn'], profile);
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Layers: [plainArn] }),
    failed,
    refusal(plainArn),
  );
});

test('Warn takes what Enforce refuses and tells the operator, but never what was tampered with', async (t) => {
  const world = await openWorld(t);
  const CodeSigningConfigArn = await createConfig(world, 'Warn');
  await world.create('hello', { CodeSigningConfigArn });
  assert.deepEqual(world.troubles, [
    'arn:aws:lambda:us-east-1:000000000000:function:hello is deployed in spite of its code signing configuration: unsigned',
  ]);
  await refuses(
    world.call('UpdateFunctionCode', {
      FunctionName: 'hello',
      ZipFile: await signedZip(profile, 'a', 'evil'),
    }),
    'InvalidCodeSignatureException',
    /integrity check/,
  );
});
