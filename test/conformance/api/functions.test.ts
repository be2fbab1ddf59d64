/** Functions, as any client of the API sees them: created, read, updated, listed, deleted. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  type GetFunctionConfigurationCommandOutput,
  InvokeCommand,
  ListFunctionsCommand,
  paginateListFunctions,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
  waitUntilFunctionExists,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { archive } from '../../archive.ts';
import { failsAs } from '../../fails-as.ts';
import { openTarget } from '../../target.ts';

const target = await openTarget();
after(() => target.close());
const { client } = target;
const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

async function changed(
  input: UpdateFunctionConfigurationCommandInput,
): Promise<GetFunctionConfigurationCommandOutput> {
  const { FunctionName } = input;
  await client.send(new UpdateFunctionConfigurationCommand(input));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  return client.send(new GetFunctionConfigurationCommand({ FunctionName }));
}

test('a new function shows all its settings, with the defaults of those that were not given', async () => {
  const name = target.name();
  const ZipFile = await archive({ 'index.mjs': 'export const handler = async () => 1;' });
  await target.createFunction({ FunctionName: name, Code: { ZipFile } });
  await waitUntilFunctionExists(waiting, { FunctionName: name });
  const arn = `arn:aws:lambda:${target.region}:${target.accountId}:function:${name}`;
  const { Configuration, Code, Tags } = await client.send(new GetFunctionCommand({ FunctionName: name }));
  assert.ok(Configuration);
  const { $metadata: _metadata, ...alone } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: name }),
  );
  assert.deepEqual(alone, Configuration);
  const { LastModified, RevisionId, RuntimeVersionConfig, Runtime, ...rest } = Configuration;
  assert.match(LastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  assert.match(RevisionId ?? '', /^[0-9a-f-]{36}$/);
  assert.match(
    RuntimeVersionConfig?.RuntimeVersionArn ?? '',
    /^arn:aws:lambda:[a-z0-9-]+::runtime:[0-9a-f]{64}$/,
  );
  assert.match(Runtime ?? '', /^nodejs/);
  assert.deepEqual(rest, {
    Architectures: ['x86_64'],
    CodeSha256: createHash('sha256').update(ZipFile).digest('base64'),
    CodeSize: ZipFile.byteLength,
    Description: '',
    EphemeralStorage: { Size: 512 },
    FunctionArn: arn,
    FunctionName: name,
    Handler: 'index.handler',
    LastUpdateStatus: 'Successful',
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    MemorySize: 128,
    PackageType: 'Zip',
    Role: target.role,
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    State: 'Active',
    Timeout: 3,
    TracingConfig: { Mode: 'PassThrough' },
    Version: '$LATEST',
  });
  assert.equal(Tags, undefined);
  assert.equal(Code?.RepositoryType, 'S3');
  const downloaded = Buffer.from(await (await fetch(Code.Location ?? '')).arrayBuffer());
  assert.ok(downloaded.equals(ZipFile));
});

test('variables, format of logs and temporary storage can be changed and cleared, and reach the function', async () => {
  const source = `export const handler = async () => ({ mine: process.env.MINE ?? null, format: process.env.AWS_LAMBDA_LOG_FORMAT });`;
  const FunctionName = await target.createFunction({
    Code: { ZipFile: await archive({ 'index.mjs': source }) },
    Environment: { Variables: { MINE: 'first', Other_1: 'é✓' } },
  });
  const invoke = async (): Promise<unknown> =>
    JSON.parse(
      Buffer.from((await client.send(new InvokeCommand({ FunctionName }))).Payload ?? []).toString(),
    );
  assert.deepEqual(await invoke(), { mine: 'first', format: 'Text' });
  const after = await changed({
    FunctionName,
    Environment: { Variables: { MINE: 'second' } },
    LoggingConfig: { LogFormat: 'JSON' },
    EphemeralStorage: { Size: 1024 },
    Timeout: 9,
  });
  assert.deepEqual(after.Environment, { Variables: { MINE: 'second' } });
  assert.deepEqual(after.LoggingConfig, {
    ApplicationLogLevel: 'INFO',
    LogFormat: 'JSON',
    LogGroup: `/aws/lambda/${FunctionName}`,
    SystemLogLevel: 'INFO',
  });
  assert.deepEqual([after.EphemeralStorage, after.Timeout], [{ Size: 1024 }, 9]);
  assert.deepEqual(await invoke(), { mine: 'second', format: 'JSON' });
  const cleared = await changed({
    FunctionName,
    Environment: { Variables: {} },
    LoggingConfig: { LogFormat: 'Text' },
  });
  assert.equal(cleared.Environment, undefined);
  assert.deepEqual(await invoke(), { mine: null, format: 'Text' });
});

test('a change names the revision that it is meant for', async () => {
  const FunctionName = await target.createFunction();
  const { RevisionId } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const after = await changed({ FunctionName, Description: 'x', ...(RevisionId && { RevisionId }) });
  assert.notEqual(after.RevisionId, RevisionId);
  const mismatch = /^The Revision Id provided does not match the latest Revision Id\./;
  await failsAs(
    changed({ FunctionName, Timeout: 4, RevisionId: RevisionId ?? '' }),
    'PreconditionFailedException',
    mismatch,
    412,
  );
  const ZipFile = await archive({ 'index.mjs': '2' });
  await failsAs(
    client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, RevisionId })),
    'PreconditionFailedException',
    mismatch,
    412,
  );
});

test('settings that do not go together are refused, and nothing changes', async () => {
  const FunctionName = await target.createFunction();
  const before = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const invalid = 'InvalidParameterValueException';
  await failsAs(
    changed({ FunctionName, VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: [] } }),
    invalid,
    /^SubnetIds and SecurityIds must coexist or be both empty list\./,
    400,
  );
  await failsAs(
    changed({ FunctionName, SnapStart: { ApplyOn: 'PublishedVersions' } }),
    invalid,
    /^nodejs\S+ is not supported for SnapStart enabled functions/,
    400,
  );
  await failsAs(
    changed({ FunctionName, LoggingConfig: { LogFormat: 'Text', SystemLogLevel: 'WARN' } }),
    invalid,
    /^LogLevel is not supported when LogFormat is set to "Text"\./,
    400,
  );
  await failsAs(
    changed({ FunctionName, Environment: { Variables: { AWS_REGION: 'x' } } }),
    invalid,
    /Reserved keys used in this request: AWS_REGION$/,
    400,
  );
  const after = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  assert.deepEqual({ ...after, $metadata: 0 }, { ...before, $metadata: 0 });
});

test('a name is taken once, found until it is deleted, and free then', async () => {
  const FunctionName = await target.createFunction();
  const again = target.createFunction({ FunctionName });
  await failsAs(again, 'ResourceConflictException', /^Function already exist: /, 409);
  await client.send(new DeleteFunctionCommand({ FunctionName }));
  const missing = new RegExp(
    `^Function not found: arn:aws:lambda:${target.region}:${target.accountId}:function:${FunctionName}$`,
  );
  const notFound = 'ResourceNotFoundException';
  await failsAs(client.send(new GetFunctionCommand({ FunctionName })), notFound, missing, 404);
  await failsAs(client.send(new DeleteFunctionCommand({ FunctionName })), notFound, missing, 404);
  await failsAs(changed({ FunctionName, Timeout: 5 }), notFound, missing, 404);
  await target.createFunction({ FunctionName });
});

test('all functions are on the pages together, each once, and a broken marker is refused', async () => {
  const names = await Promise.all(Array.from({ length: 5 }, () => target.createFunction()));
  const seen: string[] = [];
  for await (const page of paginateListFunctions({ client, pageSize: 2 }, {})) {
    assert.ok((page.Functions ?? []).length <= 2);
    seen.push(...(page.Functions ?? []).map(({ FunctionName }) => FunctionName ?? ''));
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(
    names.filter((name) => !seen.includes(name)),
    [],
  );
  for (const Marker of ['nonsense', '=', 'a'.repeat(1000), '../..']) {
    await failsAs(
      client.send(new ListFunctionsCommand({ Marker })),
      'InvalidParameterValueException',
      /./,
      400,
    );
  }
});

test('code that is no archive, and a source that is none, are refused', async () => {
  const base = {
    FunctionName: target.name(),
    Role: target.role,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
  } as const;
  const invalid = 'InvalidParameterValueException';
  const create = (Code: object): Promise<unknown> =>
    client.send(new CreateFunctionCommand({ ...base, Code }));
  await failsAs(create({ ZipFile: Buffer.from('no zip') }), invalid, /^Could not unzip uploaded file\./, 400);
  await failsAs(
    create({ ZipFile: await archive({ x: '1' }), S3Bucket: 'bucket', S3Key: 'key' }),
    invalid,
    /^Please do not provide other FunctionCode parameters when providing a ZipFile\./,
    400,
  );
  await failsAs(create({}), invalid, /./, 400);
});
