/** The configuration of function URLs. */
import {
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

test('a URL is created, read, changed and deleted', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction();
  const Cors = {
    AllowCredentials: true,
    AllowHeaders: ['x-a'],
    AllowMethods: ['GET'],
    AllowOrigins: ['https://example.com'],
    ExposeHeaders: ['x-b'],
    MaxAge: 60,
  };
  const created = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', Cors }),
  );
  assert.match(
    created.FunctionUrl ?? '',
    new RegExp(`^https?://[a-z0-9]{32}\\.lambda-url\\.${target.region}\\..*/$`),
  );
  assert.deepEqual(created.Cors, Cors);
  const got = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
  assert.equal(got.FunctionUrl, created.FunctionUrl);
  assert.equal(
    got.FunctionArn,
    `arn:aws:lambda:${target.region}:${target.accountId}:function:${FunctionName}`,
  );
  assert.equal(got.InvokeMode, 'BUFFERED');
  const updated = await client.send(
    new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' }),
  );
  assert.deepEqual(
    [updated.AuthType, updated.InvokeMode, updated.Cors],
    ['AWS_IAM', 'RESPONSE_STREAM', Cors],
  );
  await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName }));
  await assert.rejects(
    client.send(new GetFunctionUrlConfigCommand({ FunctionName })),
    ResourceNotFoundException,
  );
});

test('a function and its alias have a URL each, and only one', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction({ Publish: true });
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  const create = new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' });
  await client.send(create);
  await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: 'live', AuthType: 'NONE' }),
  );
  await assert.rejects(client.send(create), ResourceConflictException);
  const { FunctionUrlConfigs } = await client.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
  assert.equal(new Set(FunctionUrlConfigs?.map(({ FunctionUrl }) => FunctionUrl)).size, 2);
  await assert.rejects(
    client.send(new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: '1', AuthType: 'NONE' })),
    { name: 'ValidationException' },
  );
  await assert.rejects(
    client.send(new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: 'nope', AuthType: 'NONE' })),
    ResourceNotFoundException,
  );
});
