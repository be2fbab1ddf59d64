/** A function's life through AWS's JavaScript SDK: created, read, invoked, updated, published, aliased, deleted. */
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListAliasesCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  paginateListFunctions,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

const FunctionName = 'lifecycle';
let service: Service;

before(async () => {
  service = await startService();
});
after(() => service.stop());

const answering = (word: string): Promise<Buffer> =>
  archive({ 'index.mjs': `export const handler = async () => '${word}' + (process.env.SUFFIX ?? '');\n` });

async function answer(Qualifier?: string): Promise<unknown> {
  const { Payload, FunctionError } = await service.client.send(
    new InvokeCommand({ FunctionName, ...(Qualifier === undefined ? {} : { Qualifier }) }),
  );
  assert.equal(FunctionError, undefined);
  return JSON.parse(Payload?.transformToString() ?? '');
}

test('a function is created Pending and becomes Active', async () => {
  const ZipFile = await answering('first');
  const created = await service.client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Code: { ZipFile },
      Environment: { Variables: { SUFFIX: '!' } },
      Tags: { team: 'a' },
    }),
  );
  assert.equal(created.State, 'Pending');
  assert.equal(created.FunctionArn, `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`);
  assert.equal(created.CodeSha256, createHash('sha256').update(ZipFile).digest('base64'));
  assert.match(created.LastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  const waited = await waitUntilFunctionActiveV2(
    { client: service.client, maxWaitTime: 30, minDelay: 1 },
    { FunctionName },
  );
  assert.equal(waited.state, 'SUCCESS');
  assert.equal(await answer(), 'first!');
});

test('its archive can be downloaded from the given location', async () => {
  const { Code, Tags, Configuration } = await service.client.send(new GetFunctionCommand({ FunctionName }));
  const response = await fetch(Code?.Location ?? '');
  assert.equal(response.status, 200);
  const digest = createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('base64');
  assert.equal(digest, Configuration?.CodeSha256);
  assert.deepEqual(Tags, { team: 'a' });
});

test('creating it again is a conflict, and an unknown one is not found', async () => {
  await assert.rejects(
    service.client.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: role,
        Code: { ZipFile: await answering('x') },
      }),
    ),
    (error: unknown) => error instanceof ResourceConflictException && /already exist/.test(error.message),
  );
  await assert.rejects(
    service.client.send(new GetFunctionCommand({ FunctionName: 'nobody' })),
    (error: unknown) =>
      error instanceof ResourceNotFoundException &&
      error.message === 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody',
  );
});

test('once an update of the code was answered, no invoke runs the old code', async () => {
  for (let round = 0; round < 10; round += 1) {
    const calls = Array.from({ length: 4 }, () => answer());
    await service.client.send(
      new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await answering(`round-${round}`) }),
    );
    assert.deepEqual(
      await Promise.all(Array.from({ length: 4 }, () => answer())),
      Array.from({ length: 4 }, () => `round-${round}!`),
    );
    await Promise.all(calls);
    await waitUntilFunctionUpdatedV2(
      { client: service.client, maxWaitTime: 30, minDelay: 1 },
      { FunctionName },
    );
  }
});

test('a version keeps its code and configuration while $LATEST goes on', async () => {
  const published = await service.client.send(
    new PublishVersionCommand({ FunctionName, Description: 'one' }),
  );
  assert.equal(published.Version, '1');
  assert.equal(published.FunctionArn, `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}:1`);
  const again = await service.client.send(new PublishVersionCommand({ FunctionName }));
  assert.equal(again.Version, '1', 'identical code and configuration publish no new version');
  await service.client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { SUFFIX: '?' } },
      Timeout: 5,
    }),
  );
  await waitUntilFunctionUpdatedV2(
    { client: service.client, maxWaitTime: 30, minDelay: 1 },
    { FunctionName },
  );
  assert.equal(await answer('1'), 'round-9!');
  assert.equal(await answer(), 'round-9?');
  const one = await service.client.send(
    new GetFunctionConfigurationCommand({ FunctionName, Qualifier: '1' }),
  );
  assert.equal(one.Timeout, 3);
  const { Versions } = await service.client.send(new ListVersionsByFunctionCommand({ FunctionName }));
  assert.deepEqual(
    Versions?.map(({ Version }) => Version),
    ['$LATEST', '1'],
  );
});

test('an alias points to a version and can be moved', async () => {
  const second = await service.client.send(new PublishVersionCommand({ FunctionName }));
  assert.equal(second.Version, '2');
  await service.client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  assert.equal(await answer('live'), 'round-9!');
  await service.client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }));
  assert.equal(await answer('live'), 'round-9?');
  const { Aliases } = await service.client.send(
    new ListAliasesCommand({ FunctionName, FunctionVersion: '2' }),
  );
  assert.deepEqual(
    Aliases?.map(({ Name }) => Name),
    ['live'],
  );
  const { ExecutedVersion } = await service.client.send(
    new InvokeCommand({ FunctionName: `${FunctionName}:live` }),
  );
  assert.equal(ExecutedVersion, '2');
});

test('an alias with weights sends both versions their share', async () => {
  await service.client.send(
    new UpdateAliasCommand({
      FunctionName,
      Name: 'live',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { '2': 0.5 } },
    }),
  );
  const seen = new Set<unknown>();
  for (let call = 0; call < 60; call += 1) seen.add(await answer('live')); // both with probability 1 - 2^-59
  assert.deepEqual(seen, new Set(['round-9!', 'round-9?']));
});

test('functions are listed a page at a time', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) {
    await service.client.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: role,
        Code: { ZipFile: await answering(name) },
      }),
    );
  }
  const names: (string | undefined)[] = [];
  for await (const page of paginateListFunctions({ client: service.client, pageSize: 2 }, {})) {
    assert.ok((page.Functions?.length ?? 0) <= 2);
    names.push(...(page.Functions ?? []).map((entry) => entry.FunctionName));
  }
  assert.deepEqual(names, ['lifecycle', 'list-a', 'list-b', 'list-c']);
});

test('a deleted function is gone with its versions and aliases', async () => {
  await service.client.send(new DeleteFunctionCommand({ FunctionName }));
  await assert.rejects(
    service.client.send(new GetFunctionCommand({ FunctionName })),
    ResourceNotFoundException,
  );
  await assert.rejects(
    service.client.send(new InvokeCommand({ FunctionName, Qualifier: 'live' })),
    ResourceNotFoundException,
  );
});
