/** Managed policies: versions, whom they are attached to, and that none is deleted under somebody. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { memoryDocuments } from '#engines/memory';
import { allowing, lambdaTrust, openWorld, type World } from './fixtures/world.ts';

const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

async function namesOf(
  client: iam.IAMClient,
  sent: iam.ListPoliciesCommandInput,
): Promise<readonly (string | undefined)[] | undefined> {
  const { Policies } = await client.send(new iam.ListPoliciesCommand(sent));
  return Policies?.map(({ PolicyName }) => PolicyName);
}

suite('managed policies', () => {
  let world: World;
  let client: iam.IAMClient;
  before(async () => {
    world = await openWorld(memoryDocuments());
    client = world.iam();
    for (const RoleName of ['r', 'raced']) {
      await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: lambdaTrust }));
    }
  });
  after(() => {
    assert.deepEqual(world.faults, []);
    world.close();
  });
  const create = async (PolicyName: string, rest: Partial<iam.CreatePolicyCommandInput> = {}) => {
    const sent = { PolicyName, PolicyDocument: allowing('sqs:*'), ...rest };
    const { Policy } = await client.send(new iam.CreatePolicyCommand(sent));
    return Policy?.Arn ?? '';
  };
  const get = async (PolicyArn: string) =>
    (await client.send(new iam.GetPolicyCommand({ PolicyArn }))).Policy;
  const attach = (PolicyArn: string, RoleName = 'r') =>
    client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
  const detach = (PolicyArn: string, RoleName = 'r') =>
    client.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
  const remove = (PolicyArn: string) => client.send(new iam.DeletePolicyCommand({ PolicyArn }));

  test('a policy is kept as it was given', async () => {
    const arn = await create('whole', { Path: '/team/', Description: 'd', Tags: [{ Key: 'k', Value: 'v' }] });
    assert.equal(arn, 'arn:aws:iam::000000000000:policy/team/whole');
    const policy = await get(arn);
    assert.match(policy?.PolicyId ?? '', /^ANPA[A-Z2-7]{17}$/);
    assert.equal(policy?.Description, 'd');
    assert.deepEqual(policy.Tags, [{ Key: 'k', Value: 'v' }]);
    assert.equal(policy.DefaultVersionId, 'v1');
    assert.equal(policy.AttachmentCount, 0);
    const { PolicyVersion } = await client.send(
      new iam.GetPolicyVersionCommand({ PolicyArn: arn, VersionId: 'v1' }),
    );
    assert.equal(decodeURIComponent(PolicyVersion?.Document ?? ''), allowing('sqs:*'));
    await assert.rejects(create('Whole'), {
      name: 'EntityAlreadyExistsException',
      message: 'A policy called Whole already exists. Duplicate names are not allowed.',
    });
    await client.send(new iam.UntagPolicyCommand({ PolicyArn: arn, TagKeys: ['k'] }));
    await client.send(new iam.TagPolicyCommand({ PolicyArn: arn, Tags: [{ Key: 'x', Value: 'y' }] }));
    const { Tags } = await client.send(new iam.ListPolicyTagsCommand({ PolicyArn: arn }));
    assert.deepEqual(Tags, [{ Key: 'x', Value: 'y' }]);
  });

  test('five versions are kept, ids are not used again, the default stays until another is set', async () => {
    const PolicyArn = await create('versioned');
    const add = async (SetAsDefault = false) => {
      const sent = { PolicyArn, PolicyDocument: allowing('sns:*'), SetAsDefault };
      return (await client.send(new iam.CreatePolicyVersionCommand(sent))).PolicyVersion?.VersionId;
    };
    assert.deepEqual([await add(), await add(), await add(), await add(true)], ['v2', 'v3', 'v4', 'v5']);
    await assert.rejects(add(), {
      name: 'LimitExceededException',
      message: /^A managed policy can have up to 5/,
    });
    assert.equal((await get(PolicyArn))?.DefaultVersionId, 'v5');
    const drop = (VersionId: string) =>
      client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await assert.rejects(drop('v5'), {
      name: 'DeleteConflictException',
      message: 'Cannot delete the default version of a policy.',
    });
    await drop('v2');
    assert.equal(await add(), 'v6');
    const { Versions = [] } = await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn }));
    assert.deepEqual(
      Versions.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
      [
        ['v6', false],
        ['v5', true],
        ['v4', false],
        ['v3', false],
        ['v1', false],
      ],
    );
    await assert.rejects(drop('v2'), { name: 'NoSuchEntityException' });
    await assert.rejects(remove(PolicyArn), {
      name: 'DeleteConflictException',
      message: /more than one version/,
    });
    await client.send(new iam.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    for (const id of ['v3', 'v4', 'v5', 'v6']) await drop(id);
    await remove(PolicyArn);
    await assert.rejects(get(PolicyArn), {
      name: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} was not found.`,
    });
  });

  test('a policy that is in use is not deleted, and says by whom', async () => {
    const PolicyArn = await create('used');
    await attach(PolicyArn);
    await client.send(new iam.CreateUserCommand({ UserName: 'bounded', PermissionsBoundary: PolicyArn }));
    const policy = await get(PolicyArn);
    assert.equal(policy?.AttachmentCount, 1);
    assert.equal(policy.PermissionsBoundaryUsageCount, 1);
    const entities = (rest: Partial<iam.ListEntitiesForPolicyCommandInput> = {}) =>
      client.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn, ...rest }));
    const all = await entities();
    assert.deepEqual(
      all.PolicyRoles?.map(({ RoleName }) => RoleName),
      ['r'],
    );
    assert.deepEqual(
      all.PolicyUsers?.map(({ UserName }) => UserName),
      ['bounded'],
    );
    assert.equal((await entities({ EntityFilter: 'Role' })).PolicyUsers?.length, 0);
    assert.equal((await entities({ PolicyUsageFilter: 'PermissionsPolicy' })).PolicyUsers?.length, 0);
    const conflict = {
      name: 'DeleteConflictException',
      message: 'Cannot delete a policy attached to entities.',
    };
    await assert.rejects(remove(PolicyArn), conflict);
    await detach(PolicyArn);
    await assert.rejects(remove(PolicyArn), conflict);
    await client.send(new iam.DeleteUserCommand({ UserName: 'bounded' }));
    await remove(PolicyArn);
  });

  test('a policy is never deleted while it is being attached', async () => {
    for (let round = 0; round < 20; round += 1) {
      const arn = await create(`raced-${round}`);
      const [attached, removed] = await Promise.allSettled([attach(arn, 'raced'), remove(arn)]);
      assert.notEqual(attached.status, removed.status, `round ${round}`);
      if (attached.status === 'fulfilled') {
        await detach(arn, 'raced');
        await remove(arn);
      }
    }
  });

  test('predefined policies are there and cannot be changed', async () => {
    const policy = await get(basic);
    assert.equal(policy?.Path, '/service-role/');
    const { PolicyVersion } = await client.send(
      new iam.GetPolicyVersionCommand({ PolicyArn: basic, VersionId: policy.DefaultVersionId }),
    );
    assert.match(decodeURIComponent(PolicyVersion?.Document ?? ''), /logs:PutLogEvents/);
    for (const sent of [
      remove(basic),
      client.send(new iam.CreatePolicyVersionCommand({ PolicyArn: basic, PolicyDocument: allowing('*') })),
      client.send(new iam.TagPolicyCommand({ PolicyArn: basic, Tags: [{ Key: 'a', Value: 'b' }] })),
    ]) {
      await assert.rejects(sent, { name: 'InvalidInputException' });
    }
  });

  test('lists go by scope, path and use', async () => {
    const PolicyArn = await create('listed', { Path: '/listed/' });
    assert.deepEqual(await namesOf(client, { Scope: 'Local', PathPrefix: '/listed/' }), ['listed']);
    assert.ok((await namesOf(client, { Scope: 'AWS' }))?.includes('AWSLambda_FullAccess'));
    assert.equal((await namesOf(client, { Scope: 'AWS' }))?.includes('listed'), false);
    assert.deepEqual(
      await namesOf(client, { Scope: 'Local', PathPrefix: '/listed/', OnlyAttached: true }),
      [],
    );
    await attach(PolicyArn);
    assert.deepEqual(await namesOf(client, { OnlyAttached: true }), ['listed']);
    assert.deepEqual(await namesOf(client, { PolicyUsageFilter: 'PermissionsBoundary' }), []);
    assert.ok(((await namesOf(client, {}))?.length ?? 0) > 25);
  });

  test('documents are bounded and checked', async () => {
    const big = allowing(Array.from({ length: 600 }, (_, index) => `s3:Get${index}`));
    await assert.rejects(create('big', { PolicyDocument: big }), {
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for PolicySize: 6144',
    });
    await assert.rejects(create('bad', { PolicyDocument: lambdaTrust }), {
      name: 'MalformedPolicyDocumentException',
    });
    const ten = `${'*'.repeat(200)}:${'*a'.repeat(200)}`;
    await create('stars', { PolicyDocument: allowing(`s3:${ten.slice(210)}`) });
  });

  test('a simulation answers what would be decided', async () => {
    const PolicySourceArn = 'arn:aws:iam::000000000000:role/r';
    const { EvaluationResults = [] } = await client.send(
      new iam.SimulatePrincipalPolicyCommand({
        PolicySourceArn,
        ActionNames: ['sqs:SendMessage', 's3:GetObject'],
      }),
    );
    assert.deepEqual(
      EvaluationResults.map(({ EvalActionName, EvalDecision }) => [EvalActionName, EvalDecision]),
      [
        ['sqs:SendMessage', 'allowed'],
        ['s3:GetObject', 'implicitDeny'],
      ],
    );
    await assert.rejects(
      client.send(
        new iam.SimulatePrincipalPolicyCommand({
          PolicySourceArn,
          ActionNames: ['sqs:SendMessage'],
          PolicyInputList: [allowing('*')],
        }),
      ),
      { name: 'NotImplementedException', message: /PolicyInputList/ },
    );
  });
});
