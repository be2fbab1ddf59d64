/** AddPermission, GetPolicy, RemovePermission and the whole policies that stand in the same place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input, Output } from '#wire';
import { openAliased, refuses, type World } from './fixtures/world.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const account = '000000000000';

const permission = (more: Input = {}): Input => ({
  FunctionName: 'hello',
  StatementId: 's1',
  Action: 'lambda:InvokeFunction',
  Principal: 's3.amazonaws.com',
  ...more,
});

async function added(world: World, more: Input): Promise<unknown> {
  const { Statement } = await world.call('AddPermission', permission(more));
  return JSON.parse(String(Statement));
}

async function policyOf(world: World, more: Input = {}): Promise<unknown> {
  const { Policy } = await world.call('GetPolicy', { FunctionName: 'hello', ...more });
  return JSON.parse(String(Policy));
}

const revisionOf = async (world: World, operation: string, more: Input = {}): Promise<unknown> =>
  (await world.call(operation, { FunctionName: 'hello', ...more }))['RevisionId'];

test('a statement says who may do what under which conditions', async (t) => {
  const world = await openAliased(t);
  const { Statement } = await world.call(
    'AddPermission',
    permission({
      SourceArn: 'arn:aws:s3:::bucket',
      SourceAccount: '123456789012',
    }),
  );
  assert.equal(
    Statement,
    `{"Sid":"s1","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"${arn}","Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}`,
  );
  const second = await added(world, {
    StatementId: 's2',
    Principal: '123456789012',
    Action: 'lambda:GetFunction',
  });
  assert.deepEqual(await policyOf(world), {
    Version: '2012-10-17',
    Id: 'default',
    Statement: [JSON.parse(Statement), second],
  });
  assert.deepEqual((second as Output)['Principal'], { AWS: 'arn:aws:iam::123456789012:root' });
  const condition = async (id: string, more: Input): Promise<unknown> =>
    ((await added(world, { StatementId: id, ...more })) as Output)['Condition'];
  assert.deepEqual(await condition('org', { Principal: '*', PrincipalOrgID: 'o-abcdefghij' }), {
    StringEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' },
  });
  assert.deepEqual(
    await condition('token', { Principal: 'alexa-appkit.amazon.com', EventSourceToken: 'skill' }),
    {
      StringEquals: { 'lambda:EventSourceToken': 'skill' },
    },
  );
  const url = { Principal: '*', Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' };
  assert.deepEqual(await condition('url', url), { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } });
  assert.deepEqual(await condition('via', { Principal: '*', InvokedViaFunctionUrl: true }), {
    Bool: { 'lambda:InvokedViaFunctionUrl': 'true' },
  });
});

test('versions and aliases have policies of their own, which invokes see', async (t) => {
  const world = await openAliased(t);
  const onAlias = (await added(world, { Qualifier: 'live' })) as Output;
  const onVersion = (await added(world, { FunctionName: `${arn}:1` })) as Output;
  assert.deepEqual([onAlias['Resource'], onVersion['Resource']], [`${arn}:live`, `${arn}:1`]);
  assert.deepEqual(Object.keys(world.metadata.policies(account, 'hello')?.policies ?? {}).toSorted(), [
    '1',
    'live',
  ]);
  await refuses(
    world.call('GetPolicy', { FunctionName: 'hello' }),
    'ResourceNotFoundException',
    'The resource you requested does not exist.',
  );
  await world.call('DeleteAlias', { FunctionName: 'hello', Name: 'live' });
  assert.deepEqual(Object.keys(world.metadata.policies(account, 'hello')?.policies ?? {}), ['1']);
  await world.call('DeleteFunction', { FunctionName: 'hello', Qualifier: '1' });
  assert.equal(world.metadata.policies(account, 'hello'), undefined);
  await added(world, {});
  await world.call('DeleteFunction', { FunctionName: 'hello' });
  assert.equal(world.metadata.policies(account, 'hello'), undefined);
});

test('a policy goes with its last statement', async (t) => {
  const world = await openAliased(t);
  const remove = (more: Input = {}): Promise<Output> =>
    world.call('RemovePermission', { FunctionName: 'hello', StatementId: 's1', ...more });
  await refuses(remove(), 'ResourceNotFoundException', 'No policy is associated with the given resource.');
  await added(world, {});
  await refuses(
    remove({ StatementId: 'other' }),
    'ResourceNotFoundException',
    'Statement other is not found in resource policy.',
  );
  await remove();
  await refuses(
    world.call('GetPolicy', { FunctionName: 'hello' }),
    'ResourceNotFoundException',
    /does not exist/,
  );
  assert.equal(world.metadata.policies(account, 'hello'), undefined);
});

test('what AWS would not take is refused and changes nothing', async (t) => {
  const world = await openAliased(t);
  await added(world, {});
  const before = await policyOf(world);
  await refuses(
    world.call('AddPermission', permission()),
    'ResourceConflictException',
    'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
  );
  const invalid = 'InvalidParameterValueException';
  for (const Principal of [
    'nobody',
    'evil.example.com',
    'arn:aws:iam::1:root',
    'arn:aws:s3:::bucket',
    '12345678901',
    'amazonaws.com',
  ]) {
    await refuses(
      world.call('AddPermission', permission({ StatementId: 'p', Principal })),
      invalid,
      'The provided principal was invalid. Please check the principal and try again.',
    );
  }
  const add = (more: Input): Promise<Output> =>
    world.call('AddPermission', permission({ StatementId: 'x', ...more }));
  await refuses(add({ FunctionUrlAuthType: 'NONE' }), invalid, /only supported for lambda:InvokeFunctionUrl/);
  await refuses(
    add({ Qualifier: '$LATEST' }),
    invalid,
    'We currently do not support adding policies for $LATEST.',
  );
  await refuses(add({ Qualifier: '7' }), 'ResourceNotFoundException', `Function not found: ${arn}:7`);
  await refuses(
    add({ Qualifier: 'nope' }),
    'ResourceNotFoundException',
    `Cannot find alias arn: ${arn}:nope`,
  );
  await refuses(add({ FunctionName: 'nope' }), 'ResourceNotFoundException', /Function not found: .*:nope$/);
  await refuses(add({ RevisionId: 'old' }), 'PreconditionFailedException', /Call the GetPolicy API/);
  assert.deepEqual(await policyOf(world), before);
});

test('the revision of a policy is that of its function, version or alias', async (t) => {
  const world = await openAliased(t);
  const first = await revisionOf(world, 'GetFunctionConfiguration');
  await added(world, { RevisionId: first });
  const second = await revisionOf(world, 'GetPolicy');
  assert.notEqual(second, first);
  assert.equal(await revisionOf(world, 'GetFunctionConfiguration'), second);
  await refuses(
    world.call('RemovePermission', { FunctionName: 'hello', StatementId: 's1', RevisionId: first }),
    'PreconditionFailedException',
    /does not match the latest/,
  );
  await world.call('RemovePermission', { FunctionName: 'hello', StatementId: 's1', RevisionId: second });
  await added(world, { Qualifier: 'live' });
  assert.equal(
    await revisionOf(world, 'GetPolicy', { Qualifier: 'live' }),
    await revisionOf(world, 'GetAlias', { Name: 'live' }),
  );
});

test('a policy ends at 20,480 characters, and all policies of a function together are bounded', async (t) => {
  const world = await openAliased(t);
  const fill = async (more: Input): Promise<number> => {
    for (let count = 0; ; count++) {
      const SourceArn = `arn:aws:s3:::${'x'.repeat(2_000)}`;
      try {
        await added(world, { StatementId: `s${count}`, SourceArn, ...more });
      } catch (error) {
        assert.match(
          String(error),
          /The final policy size \(2[0-9]{4}\) is bigger than the limit \(20480\)\./,
        );
        return count;
      }
    }
  };
  assert.equal(await fill({}), 9);
  assert.equal(await fill({ Qualifier: '1' }), 9);
  assert.ok(JSON.stringify(await policyOf(world)).length <= 20_480);
});

test('statements that are added at the same time all stand in the policy', async (t) => {
  const world = await openAliased(t);
  const ids = ['a', 'b', 'c', 'd'];
  const outcomes = await Promise.all(
    [
      ...ids.map((StatementId) => added(world, { StatementId })),
      added(world, { StatementId: 'a' }).catch((error: unknown) => String(error)),
    ].map((work) => work.catch((error: unknown) => String(error))),
  );
  const { Statement } = (await policyOf(world)) as { Statement: readonly Output[] };
  assert.deepEqual(Statement.map(({ Sid }) => String(Sid)).toSorted(), ids);
  assert.equal(outcomes.filter((outcome) => /already exists/.test(String(outcome))).length, 1);
});

test('a whole policy takes the place of what permissions made', async (t) => {
  const world = await openAliased(t);
  await added(world, {});
  const allow = (principal: unknown, more: Input = {}): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Sid: 'all',
        Effect: 'Allow',
        Principal: principal,
        Action: 'lambda:InvokeFunction',
        Resource: arn,
        ...more,
      },
    });
  const put = (Policy: string, more: Input = {}): Promise<Output> =>
    world.call('PutResourcePolicy', { ResourceArn: arn, Policy, ...more });
  const Policy = allow({ AWS: '123456789012' });
  const answer = await put(Policy);
  assert.deepEqual(await world.call('GetResourcePolicy', { ResourceArn: arn }), answer);
  assert.deepEqual(await world.call('GetPolicy', { FunctionName: 'hello' }), answer);
  assert.equal(answer['Policy'], Policy);
  await refuses(put('{', {}), 'InvalidParameterValueException', /./);
  await refuses(put(allow('*')), 'PublicPolicyException', /public access/);
  await refuses(
    put(Policy, { RevisionId: 'ffffffff-ffff-4fff-8fff-ffffffffffff' }),
    'PreconditionFailedException',
    /./,
  );
  assert.deepEqual(await world.call('GetResourcePolicy', { ResourceArn: `${arn}:$LATEST` }), answer);
  const next = await put(Policy, { RevisionId: answer['RevisionId'] });
  await added(world, { StatementId: 'more' });
  await refuses(
    world.call('AddPermission', permission({ StatementId: 'all' })),
    'ResourceConflictException',
    /./,
  );
  const { Statement } = (await policyOf(world)) as { Statement: readonly Output[] };
  assert.deepEqual(
    Statement.map(({ Sid }) => Sid),
    ['all', 'more'],
  );
  await refuses(
    world.call('DeleteResourcePolicy', { ResourceArn: arn, RevisionId: next['RevisionId'] }),
    'PreconditionFailedException',
    /./,
  );
  await world.call('DeleteResourcePolicy', { ResourceArn: arn });
  for (const operation of ['GetResourcePolicy', 'DeleteResourcePolicy']) {
    await refuses(world.call(operation, { ResourceArn: arn }), 'ResourceNotFoundException', /does not exist/);
  }
  await refuses(
    world.call('GetResourcePolicy', { ResourceArn: `${arn}:9` }),
    'ResourceNotFoundException',
    `Function not found: ${arn}:9`,
  );
});
