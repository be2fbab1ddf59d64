/** Layers, their versions and policies, and what functions make of them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input, Output } from '#wire';
import { context } from '#wire/fixtures';
import { openWorldOn, refuses, type World, zip } from './fixtures/world.ts';
import { resolveLayers } from './function-layers.ts';
import { layerGrants } from './layer-policies.ts';
import { LayerStore } from './layer-store.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const arn = 'arn:aws:lambda:us-east-1:000000000000:layer:tools';
const invalid = 'InvalidParameterValueException';
const missing = 'ResourceNotFoundException';

async function publish(world: World, name = 'tools', more: object = {}): Promise<Output> {
  return world.call('PublishLayerVersion', {
    LayerName: name,
    Content: { ZipFile: await zip({ 'data.txt': JSON.stringify([name, more]) }) },
    ...more,
  });
}

const listed = async (world: World, input: object = {}): Promise<unknown[]> => {
  const { LayerVersions } = await world.call('ListLayerVersions', { LayerName: 'tools', ...input });
  return (LayerVersions as Output[]).map(({ Version }) => Version);
};

test('a version is published and got, by name, ARN and version ARN', async (t) => {
  const world = await openWorld(t);
  const published = await publish(world, 'tools', {
    Description: 'all of them',
    LicenseInfo: 'MIT',
    CompatibleRuntimes: ['nodejs24.x', 'python3.13', 'nodejs24.x'],
    CompatibleArchitectures: ['x86_64'],
  });
  const { Content, CreatedDate, ...rest } = published;
  assert.deepEqual(rest, {
    LayerArn: arn,
    LayerVersionArn: `${arn}:1`,
    Version: 1,
    Description: 'all of them',
    LicenseInfo: 'MIT',
    CompatibleRuntimes: ['nodejs24.x', 'python3.13'],
    CompatibleArchitectures: ['x86_64'],
  });
  assert.match(String(CreatedDate), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  const { Location, CodeSha256, CodeSize } = Content as Output;
  assert.match(String(Location), /^http:\/\/127\.0\.0\.1:9000\/code\/[0-9a-f]{64}\.zip\?seconds=600$/);
  assert.equal(Buffer.from(String(CodeSha256), 'base64').length, 32);
  assert.ok(Number(CodeSize) > 0);
  assert.deepEqual(await world.call('GetLayerVersion', { LayerName: 'tools', VersionNumber: 1 }), published);
  assert.deepEqual(await world.call('GetLayerVersion', { LayerName: arn, VersionNumber: 1 }), published);
  assert.deepEqual(await world.call('GetLayerVersionByArn', { Arn: `${arn}:1` }), published);
});

test('version numbers are never given twice, also when all versions are deleted', async (t) => {
  const world = await openWorld(t);
  await publish(world);
  await publish(world);
  assert.deepEqual(await listed(world), [2, 1]);
  for (const VersionNumber of [1, 2, 2, 99]) {
    assert.deepEqual(await world.call('DeleteLayerVersion', { LayerName: 'tools', VersionNumber }), {});
  }
  assert.deepEqual(await listed(world), []);
  assert.deepEqual((await world.call('ListLayers', {}))['Layers'], []);
  assert.equal((await publish(world))['Version'], 3);
});

test('versions that are published at once get numbers of their own', async (t) => {
  const world = await openWorld(t);
  const all = await Promise.all(Array.from({ length: 20 }, () => publish(world)));
  const numbers = all.map(({ Version }) => Number(Version)).toSorted((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.deepEqual(await listed(world), numbers.toReversed());
});

test('lists are filtered and paged, newest versions first', async (t) => {
  const world = await openWorld(t);
  for (let number = 1; number <= 12; number += 1) {
    const CompatibleRuntimes = number % 3 === 0 ? ['nodejs24.x'] : ['python3.13'];
    await publish(world, 'tools', { CompatibleRuntimes, CompatibleArchitectures: ['x86_64'] });
  }
  await publish(world, 'bare');
  await publish(world, 'zebra', { CompatibleArchitectures: ['arm64'] });
  assert.deepEqual(await listed(world, { CompatibleRuntime: 'nodejs24.x' }), [12, 9, 6, 3]);
  assert.deepEqual(await listed(world, { CompatibleArchitecture: 'arm64' }), []);
  assert.deepEqual(await listed(world, { LayerName: 'nothing' }), []);

  const seen: unknown[] = [];
  for (let Marker: unknown, first = true; first || Marker !== undefined; first = false) {
    const page = await world.call('ListLayerVersions', { LayerName: arn, MaxItems: 5, Marker });
    seen.push(...(page['LayerVersions'] as Output[]).map(({ Version }) => Version));
    Marker = page['NextMarker'];
  }
  assert.deepEqual(seen, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);

  const layers = async (input: Input): Promise<unknown[]> => {
    const { Layers } = await world.call('ListLayers', input);
    return (Layers as Output[]).map((layer) => [
      layer['LayerName'],
      (layer['LatestMatchingVersion'] as Output)['Version'],
    ]);
  };
  assert.deepEqual(await layers({}), [
    ['bare', 1],
    ['tools', 12],
    ['zebra', 1],
  ]);
  assert.deepEqual(await layers({ CompatibleRuntime: 'python3.13' }), [['tools', 11]]);
  assert.deepEqual(await layers({ CompatibleArchitecture: 'arm64' }), [['zebra', 1]]);
  assert.deepEqual(await layers({ CompatibleRuntime: 'python3.13', CompatibleArchitecture: 'arm64' }), []);
  const { Layers, NextMarker } = await world.call('ListLayers', { MaxItems: 1 });
  const [item] = Layers as Output[];
  assert.deepEqual(Object.keys(item ?? {}).toSorted(), ['LatestMatchingVersion', 'LayerArn', 'LayerName']);
  assert.deepEqual(await layers({ MaxItems: 1, Marker: NextMarker }), [['tools', 12]]);
});

test('what is not there is told as AWS tells it', async (t) => {
  const world = await openWorld(t);
  await publish(world);
  const absent = 'The resource you requested does not exist.';
  const get = (LayerName: string, VersionNumber: number) =>
    world.call('GetLayerVersion', { LayerName, VersionNumber });
  await refuses(get('tools', 2), missing, absent);
  await refuses(get('other', 1), missing, absent);
  await refuses(get('tools', 1e18), missing, absent);
  await refuses(get(arn.replace('us-east-1', 'eu-west-1'), 1), missing, absent);
  await refuses(get('tools', 0), invalid, 'Layer Version Cannot be less than 1');
  await refuses(get('tools', -3), invalid, 'Layer Version Cannot be less than 1');
  await refuses(
    world.call('DeleteLayerVersion', { LayerName: 'tools', VersionNumber: 0 }),
    invalid,
    /less than 1/,
  );
  await refuses(world.call('GetLayerVersionByArn', { Arn: `${arn}:7` }), missing, absent);
  await refuses(world.call('GetLayerVersionByArn', { Arn: `${arn}:0` }), missing, absent);
  await refuses(
    world.call('GetLayerVersionByArn', { Arn: 'arn:aws:lambda:::awslayer:AmazonLinux1' }),
    missing,
    absent,
  );
  const foreign = arn.replace('000000000000', '123456789012');
  await refuses(get(foreign, 1), 'AccessDeniedException', /lambda:GetLayerVersion on resource: .*:tools:1 /);
  await refuses(world.call('ListLayerVersions', { LayerName: foreign }), 'AccessDeniedException', /List/);
});

test('archives that cannot be layers are refused, and take no number', async (t) => {
  const world = await openWorld(t);
  const content = (Content: object) => world.call('PublishLayerVersion', { LayerName: 'tools', Content });
  await refuses(content({ ZipFile: Buffer.from('no zip') }), invalid, /Could not unzip/);
  await refuses(content({ ZipFile: new Uint8Array() }), invalid, /./);
  await refuses(content({}), invalid, /source/);
  await refuses(content({ ZipFile: Buffer.alloc(52_428_801) }), invalid, /52428800/);
  assert.equal((await publish(world))['Version'], 1);
});

test('layers take room of the account, and give it back', async (t) => {
  const world = await openWorldOn(t, {
    documents: memoryDocuments(),
    blobs: memoryBlobs(),
    limits: { codeStorageBytesMax: 1_000 },
  });
  const used = async (plane = world.plane): Promise<unknown> => {
    const { AccountUsage } = (await plane.handlers['GetAccountSettings']?.({}, context)) ?? {};
    return (AccountUsage as Output)['TotalCodeSize'];
  };
  const bytes = ((await publish(world))['Content'] as Output)['CodeSize'];
  assert.equal(await used(), bytes);
  const large = { ZipFile: await zip({ 'x.txt': 'x'.repeat(20), 'pad.bin': noise(1_200) }) };
  await refuses(
    world.call('PublishLayerVersion', { LayerName: 'large', Content: large }),
    'CodeStorageExceededException',
    'Code storage limit exceeded.',
  );
  const next = world.restart();
  await next.resume();
  assert.equal(await used(next), bytes, 'also after a restart');
  await world.call('DeleteLayerVersion', { LayerName: 'tools', VersionNumber: 1 });
  await world.call('DeleteLayerVersion', { LayerName: 'tools', VersionNumber: 1 });
  assert.equal(await used(), 0);
});

test('permissions are added, shown and removed', async (t) => {
  const world = await openWorld(t);
  await publish(world);
  const target = { LayerName: 'tools', VersionNumber: 1 };
  const add = (StatementId: string, more: object = {}) =>
    world.call('AddLayerVersionPermission', {
      ...target,
      StatementId,
      Action: 'lambda:GetLayerVersion',
      Principal: '123456789012',
      ...more,
    });
  await refuses(world.call('GetLayerVersionPolicy', target), missing, /^No policy is associated/);
  const added = await add('one');
  const statement = {
    Sid: 'one',
    Effect: 'Allow',
    Principal: 'arn:aws:iam::123456789012:root',
    Action: 'lambda:GetLayerVersion',
    Resource: `${arn}:1`,
  };
  assert.deepEqual(JSON.parse(String(added['Statement'])), statement);
  const shown = await world.call('GetLayerVersionPolicy', target);
  assert.equal(shown['RevisionId'], added['RevisionId']);
  assert.deepEqual(JSON.parse(String(shown['Policy'])), {
    Version: '2012-10-17',
    Id: 'default',
    Statement: [statement],
  });
  await refuses(
    add('one'),
    'ResourceConflictException',
    'The statement id (one) provided already exists. Please provide a new statement id, or remove the existing statement.',
  );
  await refuses(add('two', { RevisionId: 'stale' }), 'PreconditionFailedException', /GetLayerPolicy/);
  await refuses(add('two', { OrganizationId: 'o-0123456789' }), invalid, /OrganizationId/);
  await add('two', {
    RevisionId: shown['RevisionId'],
    Principal: '*',
    OrganizationId: 'o-0123456789',
  });
  const { Policy } = await world.call('GetLayerVersionPolicy', target);
  assert.deepEqual((JSON.parse(String(Policy)) as { Statement: object[] }).Statement[1], {
    ...statement,
    Sid: 'two',
    Principal: '*',
    Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-0123456789' } },
  });
  const removal = (StatementId: string, more: object = {}) =>
    world.call('RemoveLayerVersionPermission', { ...target, StatementId, ...more });
  await refuses(removal('three'), missing, 'Statement three is not found in resource policy.');
  await refuses(removal('one', { RevisionId: 'stale' }), 'PreconditionFailedException', /Revision Id/);
  assert.deepEqual(await removal('one'), {});
  assert.deepEqual(await removal('two'), {});
  await refuses(world.call('GetLayerVersionPolicy', target), missing, /^No policy/);
  await refuses(removal('two'), missing, /^No policy/);
  const gone = `Layer version ${arn}:9 does not exist.`;
  const nowhere = { LayerName: arn, VersionNumber: 9 };
  await refuses(world.call('GetLayerVersionPolicy', nowhere), missing, gone);
  await refuses(add('x', nowhere), missing, gone);
  await refuses(removal('x', nowhere), missing, gone);
});

test('a policy has a greatest length, and statements added at once all count', async (t) => {
  const world = await openWorld(t);
  await publish(world);
  const add = (StatementId: string) =>
    world.call('AddLayerVersionPermission', {
      LayerName: 'tools',
      VersionNumber: 1,
      StatementId,
      Action: 'lambda:GetLayerVersion',
      Principal: '*',
    });
  await Promise.all(Array.from({ length: 10 }, (_, index) => add(`at-once-${index}`)));
  const { Policy } = await world.call('GetLayerVersionPolicy', { LayerName: 'tools', VersionNumber: 1 });
  assert.equal((JSON.parse(String(Policy)) as { Statement: unknown[] }).Statement.length, 10);
  await refuses(
    (async () => {
      for (let index = 0; index < 200; index += 1) await add(`${'s'.repeat(80)}-${index}`);
    })(),
    'PolicyLengthExceededException',
    /^The final policy size \(2\d{4}\) is bigger than the limit \(20480\)\.$/,
  );
});

test('another account may use a layer where its policy says so', async (t) => {
  const world = await openWorld(t);
  await publish(world);
  const layers = new LayerStore(world.documents);
  const given = { layers, region: 'us-east-1' };
  const other = { principal: { ...context.principal, accountId: '123456789012' } };
  const resolve = () => resolveLayers(given, [`${arn}:1`], other);
  await refuses(resolve(), 'AccessDeniedException', /lambda:GetLayerVersion on resource: .*:tools:1 because/);
  await world.call('AddLayerVersionPermission', {
    LayerName: 'tools',
    VersionNumber: 1,
    StatementId: 's',
    Action: 'lambda:GetLayerVersion',
    Principal: '123456789012',
  });
  assert.equal((await resolve())[0]?.arn, `${arn}:1`);
  const statement = { statementId: 's', action: 'lambda:GetLayerVersion', principal: '*' };
  assert.ok(layerGrants({ statements: [statement], revisionId: 'r' }, '1'));
  const organized = { ...statement, organizationId: 'o-0123456789' };
  assert.ok(!layerGrants({ statements: [organized], revisionId: 'r' }, '1'));
  assert.ok(!layerGrants(undefined, '1'));
});

test('a function holds its layers in order, and refuses what cannot be', async (t) => {
  const world = await openWorld(t);
  const arns: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    arns.push(String((await publish(world, name))['LayerVersionArn']));
  }
  const [a = ''] = arns;
  const second = String((await publish(world, 'a'))['LayerVersionArn']);
  const five = arns.slice(0, 5).toReversed();
  await world.create('hello', { Layers: five });
  const show = async (): Promise<unknown[]> => {
    const { Layers } = await world.call('GetFunctionConfiguration', { FunctionName: 'hello' });
    return ((Layers ?? []) as Output[]).map(({ Arn, CodeSize }) => [Arn, Number(CodeSize) > 0]);
  };
  assert.deepEqual(
    await show(),
    five.map((each) => [each, true]),
  );
  const set = (Layers: readonly string[]) =>
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Layers });
  await refuses(set(arns), invalid, 'Cannot reference more than 5 layers.');
  await refuses(
    set([a, second]),
    invalid,
    `Two different versions of the same layer are not allowed to be referenced in the same function. ${a} and ${second} are versions of the same layer.`,
  );
  await refuses(set([`${arn}:9`]), invalid, `Layer version ${arn}:9 does not exist.`);
  await refuses(set([a.replace('us-east-1', 'eu-west-1')]), invalid, /^Layers are not in the same region/);
  await refuses(
    set([a.replace('000000000000', '123456789012')]),
    'AccessDeniedException',
    /no resource-based policy allows the lambda:GetLayerVersion action$/,
  );
  assert.equal((await show()).length, 5, 'a refused update changes nothing');
  await set([second]);
  await world.plane.settled();
  assert.deepEqual(await show(), [[second, true]]);
  await set([]);
  await world.plane.settled();
  assert.deepEqual(await show(), []);
});

test('code and layers together unpack to at most 250 MB', async (t) => {
  const world = await openWorld(t);
  const zeros = async (name: string, megabytes: number): Promise<string> => {
    const Content = { ZipFile: await zip({ zeros: '\0'.repeat(megabytes * 1_048_576), name }) };
    return String((await world.call('PublishLayerVersion', { LayerName: name, Content }))['LayerVersionArn']);
  };
  const [one, two] = [await zeros('one', 130), await zeros('two', 119)];
  await world.create('hello', { Layers: [one, two] });
  const three = await zeros('three', 2);
  await refuses(
    world.call('UpdateFunctionConfiguration', { FunctionName: 'hello', Layers: [one, two, three] }),
    invalid,
    /^Function code combined with layers exceeds the maximum allowed size of 262144000 bytes\. The actual size is 263\d{6} bytes\.$/,
  );
  await refuses(
    world.call('UpdateFunctionCode', {
      FunctionName: 'hello',
      ZipFile: await zip({ 'index.mjs': '', zeros: '\0'.repeat(2 * 1_048_576) }),
    }),
    invalid,
    /^Function code combined with layers exceeds/,
  );
});

test('archives of layers stay while a version or a function needs them', async (t) => {
  const world = await openWorld(t);
  const kept = await publish(world, 'kept');
  const used = await publish(world, 'used');
  const unused = await publish(world, 'unused');
  await world.create('hello', { Layers: [used['LayerVersionArn']] });
  for (const LayerName of ['used', 'unused']) {
    await world.call('DeleteLayerVersion', { LayerName, VersionNumber: 1 });
  }
  await world.restart().resume();
  const has = async ({ Content }: Output): Promise<boolean> => {
    const digest = Buffer.from(String((Content as Output)['CodeSha256']), 'base64').toString('hex');
    return (await world.blobs.info(`code/${digest}`)) !== undefined;
  };
  assert.deepEqual([await has(kept), await has(used), await has(unused)], [true, true, false]);
});

/** Text that does not compress. */
function noise(chars: number): string {
  let state = 1;
  return Array.from({ length: chars }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (state % 90));
  }).join('');
}
