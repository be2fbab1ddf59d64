/** Layers by the public API alone. */
import {
  AddLayerVersionPermissionCommand,
  DeleteLayerVersionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  GetLayerVersionPolicyCommand,
  InvokeCommand,
  ListLayersCommand,
  ListLayerVersionsCommand,
  paginateListLayers,
  PublishLayerVersionCommand,
  type PublishLayerVersionCommandInput,
  type PublishLayerVersionCommandOutput,
  RemoveLayerVersionPermissionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../../archive.ts';
import { failsAs } from '../../fails-as.ts';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
const published: { readonly LayerName: string; readonly VersionNumber: number }[] = [];
before(async () => {
  target = await openTarget();
});
after(async () => {
  for (const version of published) await target.client.send(new DeleteLayerVersionCommand(version));
  await target.close();
});

async function publish(
  LayerName: string,
  files: Readonly<Record<string, string>>,
  more: Partial<PublishLayerVersionCommandInput> = {},
): Promise<PublishLayerVersionCommandOutput> {
  const input = { LayerName, Content: { ZipFile: await archive(files) }, ...more };
  const output = await target.client.send(new PublishLayerVersionCommand(input));
  published.push({ LayerName, VersionNumber: output.Version ?? 0 });
  return output;
}

test('a layer from its publication to its deletion', async () => {
  const { client, region, accountId } = target;
  const name = target.name();
  const arn = `arn:aws:lambda:${region}:${accountId}:layer:${name}`;
  const first = await publish(name, { 'a.txt': 'a' }, { Description: 'one', LicenseInfo: 'MIT' });
  assert.equal(first.$metadata.httpStatusCode, 201);
  assert.deepEqual([first.LayerArn, first.LayerVersionArn, first.Version], [arn, `${arn}:1`, 1]);
  const second = await publish(
    name,
    { 'a.txt': 'b' },
    { CompatibleRuntimes: ['python3.13'], CompatibleArchitectures: ['arm64'] },
  );
  const { $metadata: _, ...got } = await client.send(
    new GetLayerVersionCommand({ LayerName: arn, VersionNumber: 2 }),
  );
  assert.deepEqual(
    [got.Description, got.CompatibleRuntimes, got.CompatibleArchitectures, got.CreatedDate],
    ['', ['python3.13'], ['arm64'], second.CreatedDate],
  );
  const byArn = await client.send(new GetLayerVersionByArnCommand({ Arn: `${arn}:1` }));
  assert.deepEqual([byArn.Description, byArn.LicenseInfo], ['one', 'MIT']);
  const content = await fetch(byArn.Content?.Location ?? '');
  const bytes = Buffer.from(await content.arrayBuffer());
  assert.equal(content.status, 200);
  assert.equal(bytes.length, byArn.Content?.CodeSize);

  const versions = async (more: object = {}): Promise<unknown> => {
    const output = await client.send(new ListLayerVersionsCommand({ LayerName: name, ...more }));
    return output.LayerVersions?.map(({ Version }) => Version);
  };
  assert.deepEqual(await versions(), [2, 1]);
  assert.deepEqual(await versions({ CompatibleRuntime: 'python3.13' }), [2]);
  assert.deepEqual(await versions({ CompatibleArchitecture: 'x86_64' }), []);
  const latest = new Map<string | undefined, number | undefined>();
  for await (const page of paginateListLayers({ client, pageSize: 1 }, {})) {
    for (const layer of page.Layers ?? []) latest.set(layer.LayerName, layer.LatestMatchingVersion?.Version);
  }
  assert.equal(latest.get(name), 2);

  const gone = await client.send(new DeleteLayerVersionCommand({ LayerName: name, VersionNumber: 2 }));
  assert.equal(gone.$metadata.httpStatusCode, 204);
  await client.send(new DeleteLayerVersionCommand({ LayerName: name, VersionNumber: 2 }));
  assert.deepEqual(await versions(), [1]);
  assert.equal((await publish(name, { 'a.txt': 'c' })).Version, 3);
  await failsAs(
    client.send(new GetLayerVersionCommand({ LayerName: name, VersionNumber: 2 })),
    'ResourceNotFoundException',
    /^The resource you requested does not exist\.$/,
    404,
  );
  await failsAs(
    client.send(new GetLayerVersionCommand({ LayerName: name, VersionNumber: 0 })),
    'InvalidParameterValueException',
    /^Layer Version Cannot be less than 1$/,
    400,
  );
  await failsAs(
    client.send(new PublishLayerVersionCommand({ LayerName: name, Content: { ZipFile: Buffer.from('x') } })),
    'InvalidParameterValueException',
    /^Could not unzip uploaded file/,
    400,
  );
  await failsAs(
    client.send(new ListLayersCommand({ MaxItems: 51 })),
    'ValidationException',
    /less than or equal to 50/,
    400,
  );
});

test('permissions of a layer version', async () => {
  const { client } = target;
  const LayerName = target.name();
  const { LayerVersionArn } = await publish(LayerName, { 'a.txt': 'a' });
  const version = { LayerName, VersionNumber: 1 };
  const statement = {
    ...version,
    StatementId: 'xaccount',
    Action: 'lambda:GetLayerVersion',
    Principal: '*',
  };
  await failsAs(
    client.send(new GetLayerVersionPolicyCommand(version)),
    'ResourceNotFoundException',
    /No policy/,
    404,
  );
  const added = await client.send(new AddLayerVersionPermissionCommand(statement));
  assert.equal(added.$metadata.httpStatusCode, 201);
  const { Policy, RevisionId } = await client.send(new GetLayerVersionPolicyCommand(version));
  assert.equal(RevisionId, added.RevisionId);
  const document = JSON.parse(Policy ?? '') as { Statement: { Sid: string; Resource: string }[] };
  assert.deepEqual(
    [document.Statement[0]?.Sid, document.Statement[0]?.Resource],
    ['xaccount', LayerVersionArn],
  );
  await failsAs(
    client.send(new AddLayerVersionPermissionCommand(statement)),
    'ResourceConflictException',
    /^The statement id \(xaccount\) provided already exists/,
    409,
  );
  await failsAs(
    client.send(new AddLayerVersionPermissionCommand({ ...statement, Action: 'lambda:InvokeFunction' })),
    'ValidationException',
    /lambda:GetLayerVersion/,
    400,
  );
  const removal = { ...version, StatementId: 'xaccount' };
  await failsAs(
    client.send(new RemoveLayerVersionPermissionCommand({ ...removal, RevisionId: 'stale' })),
    'PreconditionFailedException',
    /GetLayerPolicy/,
    412,
  );
  const removed = await client.send(new RemoveLayerVersionPermissionCommand(removal));
  assert.equal(removed.$metadata.httpStatusCode, 204);
  await failsAs(
    client.send(new GetLayerVersionPolicyCommand({ LayerName, VersionNumber: 9 })),
    'ResourceNotFoundException',
    /^Layer version arn:.*:9 does not exist\.$/,
    404,
  );
});

test('a function with layers runs with them, with others after an update, and with deleted ones', async () => {
  const { client } = target;
  const [one, two] = [target.name(), target.name()];
  const first = await publish(one, { 'nodejs/node_modules/who/index.js': "module.exports = 'first';" });
  const second = await publish(two, { 'nodejs/node_modules/who/index.js': "module.exports = 'second';" });
  const source = "const who = require('who'); exports.handler = async () => who;";
  const FunctionName = await target.createFunction({
    Code: { ZipFile: await archive({ 'index.js': source }) },
    Layers: [first.LayerVersionArn ?? ''],
  });
  const invoke = async (): Promise<string> => {
    const { Payload } = await client.send(new InvokeCommand({ FunctionName }));
    return Buffer.from(Payload ?? []).toString();
  };
  const set = async (...Layers: (string | undefined)[]): Promise<void> => {
    const input = { FunctionName, Layers: Layers.map(String) };
    await client.send(new UpdateFunctionConfigurationCommand(input));
    await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
  };
  assert.equal(await invoke(), '"first"');
  await set(first.LayerVersionArn, second.LayerVersionArn);
  assert.equal(await invoke(), '"second"', 'the later layer wins');
  await client.send(new DeleteLayerVersionCommand({ LayerName: two, VersionNumber: 1 }));
  const { Layers } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  assert.deepEqual(
    Layers?.map(({ Arn, CodeSize }) => [Arn, CodeSize]),
    [first, second].map(({ LayerVersionArn, Content }) => [LayerVersionArn, Content?.CodeSize]),
  );
  assert.equal(await invoke(), '"second"', 'a deleted version goes on working where it is used');
  await failsAs(
    set(second.LayerVersionArn),
    'InvalidParameterValueException',
    /^Layer version arn:.* does not exist\.$/,
    400,
  );
  const again = await publish(one, { 'a.txt': 'a' });
  await failsAs(
    set(first.LayerVersionArn, again.LayerVersionArn),
    'InvalidParameterValueException',
    /^Two different versions of the same layer/,
    400,
  );
});
