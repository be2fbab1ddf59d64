/** Code signing through the SDK: configurations, which functions have them, and that Enforce refuses what is not signed. */
import {
  type CodeSigningConfig,
  type CodeSigningPolicy,
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfigCommand,
  GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  ListFunctionsByCodeSigningConfigCommand,
  paginateListCodeSigningConfigs,
  PutFunctionCodeSigningConfigCommand,
  UpdateCodeSigningConfigCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../../archive.ts';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
before(async () => {
  target = await openTarget();
});
after(() => target.close());

async function createConfig(policy: CodeSigningPolicy): Promise<CodeSigningConfig> {
  const profile = `arn:aws:signer:${target.region}:${target.accountId}:/signing-profiles/release/0123456789`;
  const { CodeSigningConfig: created } = await target.client.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [profile] },
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy },
      Description: 'a test',
    }),
  );
  assert.ok(created);
  return created;
}

test('a configuration lives: created, read, changed, listed, deleted', async () => {
  const created = await createConfig('Warn');
  const { CodeSigningConfigArn } = created;
  assert.match(CodeSigningConfigArn ?? '', /:code-signing-config:csc-[a-z0-9]{17}$/);
  const read = await target.client.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn }));
  assert.deepEqual(read.CodeSigningConfig, created);
  const changed = await target.client.send(
    new UpdateCodeSigningConfigCommand({
      CodeSigningConfigArn,
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
    }),
  );
  assert.equal(changed.CodeSigningConfig?.CodeSigningPolicies?.UntrustedArtifactOnDeployment, 'Enforce');
  assert.equal(changed.CodeSigningConfig?.Description, 'a test');
  const arns: (string | undefined)[] = [];
  for await (const page of paginateListCodeSigningConfigs({ client: target.client, pageSize: 1 }, {})) {
    arns.push(...(page.CodeSigningConfigs ?? []).map((each) => each.CodeSigningConfigArn));
  }
  assert.ok(arns.includes(CodeSigningConfigArn));
  await target.client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
  await assert.rejects(target.client.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn })), {
    name: 'ResourceNotFoundException',
  });
});

test('Enforce refuses unsigned code, also of a function that had no configuration before', async () => {
  const { CodeSigningConfigArn } = await createConfig('Enforce');
  const ZipFile = await archive({ 'index.mjs': 'export const handler = async () => 2;' });
  const FunctionName = target.name();
  await assert.rejects(
    target.client.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: target.role,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile },
        CodeSigningConfigArn,
      }),
    ),
    { name: 'CodeVerificationFailedException' },
  );
  await target.createFunction({ FunctionName });
  const none = await target.client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }));
  assert.equal(none.CodeSigningConfigArn, undefined);
  await target.client.send(new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn }));
  const given = await target.client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }));
  assert.equal(given.CodeSigningConfigArn, CodeSigningConfigArn);
  const { FunctionArns } = await target.client.send(
    new ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn }),
  );
  assert.deepEqual(
    FunctionArns?.map((arn) => arn.split(':').at(-1)),
    [FunctionName],
  );
  await assert.rejects(target.client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile })), {
    name: 'CodeVerificationFailedException',
  });
  await assert.rejects(target.client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn })), {
    name: 'ResourceConflictException',
  });
  await target.client.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName }));
  await target.client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
  await target.client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
});

test('Warn takes unsigned code', async () => {
  const { CodeSigningConfigArn } = await createConfig('Warn');
  const ours = await target.createFunction({ CodeSigningConfigArn });
  const given = await target.client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName: ours }));
  assert.equal(given.CodeSigningConfigArn, CodeSigningConfigArn);
});
