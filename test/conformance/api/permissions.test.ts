/** AddPermission, GetPolicy, RemovePermission, and the whole policies of PutResourcePolicy. */
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  CreateAliasCommand,
  DeleteResourcePolicyCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  GetResourcePolicyCommand,
  PreconditionFailedException,
  PublicPolicyException,
  PutResourcePolicyCommand,
  RemovePermissionCommand,
  ResourceConflictException,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';

interface Document {
  readonly Version: string;
  readonly Id: string;
  readonly Statement: readonly { readonly Sid: string; readonly [member: string]: unknown }[];
}

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

const arnOf = (name: string): string =>
  `arn:aws:lambda:${target.region}:${target.accountId}:function:${name}`;

async function add(FunctionName: string, more: Partial<AddPermissionCommandInput> = {}): Promise<unknown> {
  const input = {
    StatementId: 's1',
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    ...more,
  };
  const { Statement } = await target.client.send(new AddPermissionCommand({ FunctionName, ...input }));
  return JSON.parse(Statement ?? '');
}

async function policyOf(FunctionName: string, Qualifier?: string): Promise<Document> {
  const { Policy } = await target.client.send(new GetPolicyCommand({ FunctionName, Qualifier }));
  return JSON.parse(Policy ?? '') as Document;
}

test('statements are added, listed and removed', async () => {
  const name = await target.createFunction();
  const arn = arnOf(name);
  const first = await add(name, { SourceArn: 'arn:aws:s3:::bucket', SourceAccount: target.accountId });
  assert.deepEqual(first, {
    Sid: 's1',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: arn,
    Condition: {
      StringEquals: { 'AWS:SourceAccount': target.accountId },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::bucket' },
    },
  });
  const second = await add(name, { StatementId: 's2', Principal: target.accountId });
  assert.deepEqual(await policyOf(name), {
    Version: '2012-10-17',
    Id: 'default',
    Statement: [
      first,
      { ...(second as object), Principal: { AWS: `arn:aws:iam::${target.accountId}:root` } },
    ],
  });
  await target.client.send(new RemovePermissionCommand({ FunctionName: arn, StatementId: 's1' }));
  assert.deepEqual(
    (await policyOf(name)).Statement.map(({ Sid }) => Sid),
    ['s2'],
  );
  await target.client.send(new RemovePermissionCommand({ FunctionName: name, StatementId: 's2' }));
  await assert.rejects(policyOf(name), ResourceNotFoundException);
});

test('an alias has a policy of its own', async () => {
  const name = await target.createFunction({ Publish: true });
  await target.client.send(
    new CreateAliasCommand({ FunctionName: name, Name: 'live', FunctionVersion: '1' }),
  );
  await add(name, { Qualifier: 'live' });
  assert.equal((await policyOf(name, 'live')).Statement[0]?.['Resource'], `${arnOf(name)}:live`);
  await assert.rejects(policyOf(name), ResourceNotFoundException);
});

test('a statement id stands once, principals must be some, and revisions must match', async () => {
  const name = await target.createFunction();
  await add(name);
  await assert.rejects(add(name), (error) => {
    assert.ok(error instanceof ResourceConflictException);
    assert.equal(
      error.message,
      'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
    );
    return true;
  });
  await assert.rejects(add(name, { StatementId: 's2', Principal: 'nobody' }), {
    name: 'InvalidParameterValueException',
    message: 'The provided principal was invalid. Please check the principal and try again.',
  });
  const stale = '00000000-0000-4000-8000-000000000000';
  await assert.rejects(add(name, { StatementId: 's2', RevisionId: stale }), PreconditionFailedException);
  const { RevisionId } = await target.client.send(new GetPolicyCommand({ FunctionName: name }));
  const configuration = await target.client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  assert.equal(configuration.RevisionId, RevisionId);
  await add(name, { StatementId: 's2', RevisionId });
  await assert.rejects(
    target.client.send(new RemovePermissionCommand({ FunctionName: name, StatementId: 'other' })),
    ResourceNotFoundException,
  );
});

test('a whole policy is put, read and deleted', async () => {
  const name = await target.createFunction();
  const ResourceArn = arnOf(name);
  const policy = (Principal: unknown): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Sid: 'p', Effect: 'Allow', Principal, Action: 'lambda:InvokeFunction', Resource: ResourceArn },
      ],
    });
  const Policy = policy({ AWS: `arn:aws:iam::${target.accountId}:root` });
  const put = await target.client.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
  const got = await target.client.send(new GetResourcePolicyCommand({ ResourceArn }));
  assert.equal(got.RevisionId, put.RevisionId);
  assert.deepEqual(JSON.parse(got.Policy ?? ''), JSON.parse(Policy));
  await assert.rejects(
    target.client.send(new PutResourcePolicyCommand({ ResourceArn, Policy: policy('*') })),
    PublicPolicyException,
  );
  await target.client.send(new DeleteResourcePolicyCommand({ ResourceArn, RevisionId: got.RevisionId }));
  await assert.rejects(
    target.client.send(new GetResourcePolicyCommand({ ResourceArn })),
    ResourceNotFoundException,
  );
});
