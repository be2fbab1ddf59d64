/** Roles: their life, their inline and attached policies, boundaries and tags, and how they go. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { memoryDocuments } from '#engines/memory';
import { allowing, lambdaTrust, openWorld, trusting, type World } from './fixtures/world.ts';

const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

suite('roles', () => {
  let world: World;
  let client: iam.IAMClient;
  before(async () => {
    world = await openWorld(memoryDocuments());
    client = world.iam();
  });
  after(() => {
    assert.deepEqual(world.faults, []);
    world.close();
  });
  const create = (RoleName: string, rest: Partial<iam.CreateRoleCommandInput> = {}) =>
    client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: lambdaTrust, ...rest }));

  test('a role is kept as it was given, and answers its trust policy percent-encoded', async () => {
    const { Role } = await create('whole', {
      Path: '/service-role/',
      Description: 'reads – not'.replace('–', '-'),
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'team', Value: 'blue' }],
    });
    assert.match(Role?.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
    assert.equal(Role?.Arn, 'arn:aws:iam::000000000000:role/service-role/whole');
    const { Role: got } = await client.send(new iam.GetRoleCommand({ RoleName: 'whole' }));
    const encoded = got?.AssumeRolePolicyDocument ?? '';
    assert.match(encoded, /^[A-Za-z0-9%\-._~]+$/);
    assert.equal(decodeURIComponent(encoded), lambdaTrust);
    const { RoleLastUsed, ...rest } = got ?? {};
    assert.deepEqual(RoleLastUsed, {});
    assert.deepEqual(rest, Role);
    assert.equal(got?.MaxSessionDuration, 7200);
    assert.equal(got.CreateDate?.getTime(), world.clock.wallMs());
  });

  test('a name that is taken, in whatever case, is refused', async () => {
    await create('Taken');
    await assert.rejects(create('tAKEN'), {
      name: 'EntityAlreadyExistsException',
      message: 'Role with name tAKEN already exists.',
    });
  });

  test('of many that make the same role at once, one does', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => create('raced')));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  for (const [what, document] of [
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no principal', allowing('sts:AssumeRole')],
    ['an unknown effect', lambdaTrust.replace('Allow', 'Maybe')],
    ['the same key twice', lambdaTrust.replace('{', '{"Version":"2012-10-17",')],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ] as const) {
    test(`a trust policy that is ${what} is malformed`, async () => {
      await assert.rejects(create('bad', { AssumeRolePolicyDocument: document }), {
        name: 'MalformedPolicyDocumentException',
      });
    });
  }

  test('documents that are too long, or have characters that none may have, are refused', async () => {
    const long = allowing('s3:GetObject').replace('*', `arn:aws:s3:::${'a'.repeat(10_300)}`);
    const put = (PolicyDocument: string) =>
      client.send(new iam.PutRolePolicyCommand({ RoleName: 'Taken', PolicyName: 'p', PolicyDocument }));
    await assert.rejects(put(long), {
      name: 'LimitExceededException',
      message: 'Maximum policy size of 10240 bytes exceeded for role Taken',
    });
    await assert.rejects(put(' '.repeat(1_000_000)), { name: 'ValidationError' });
    await assert.rejects(put(allowing('s3:GetObject').replace('*', 'arn:aws:s3:::日本')), {
      name: 'ValidationError',
    });
    await assert.rejects(
      create('big', {
        AssumeRolePolicyDocument: trusting({
          AWS: Array(60)
            .fill('arn:aws:iam::000000000000:root')
            .map((arn, i) => `${arn}`.replace('root', `user/u${i}-${'x'.repeat(20)}`)),
        }),
      }),
      {
        name: 'LimitExceededException',
        message: 'Cannot exceed quota for ACLSizePerRole: 2048',
      },
    );
    // White space is not counted.
    await put(allowing('s3:GetObject').replace('{', `{${' '.repeat(20_000)}`));
    await client.send(new iam.DeleteRolePolicyCommand({ RoleName: 'Taken', PolicyName: 'p' }));
  });

  test('inline policies are put, got, listed and deleted', async () => {
    await create('inlined');
    const RoleName = 'inlined';
    const document = allowing('logs:*');
    for (const PolicyName of ['b', 'a']) {
      await client.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document }));
    }
    const { PolicyNames } = await client.send(new iam.ListRolePoliciesCommand({ RoleName }));
    assert.deepEqual(PolicyNames, ['a', 'b']);
    const got = await client.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName: 'a' }));
    assert.equal(decodeURIComponent(got.PolicyDocument ?? ''), document);
    await assert.rejects(client.send(new iam.DeleteRoleCommand({ RoleName })), {
      name: 'DeleteConflictException',
      message: 'Cannot delete entity, must delete policies first.',
    });
    for (const PolicyName of ['a', 'b']) {
      await client.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
    await assert.rejects(client.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName: 'a' })), {
      name: 'NoSuchEntityException',
      message: 'The role policy with name a cannot be found.',
    });
    await client.send(new iam.DeleteRoleCommand({ RoleName }));
  });

  test('policies are attached once and detached once', async () => {
    await create('attached');
    const RoleName = 'attached';
    const attach = (PolicyArn: string) =>
      client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await attach(basic);
    await attach(basic);
    const { AttachedPolicies } = await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
    assert.deepEqual(AttachedPolicies, [{ PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: basic }]);
    const inPath = (PathPrefix: string) =>
      client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName, PathPrefix }));
    assert.equal((await inPath('/service-role/')).AttachedPolicies?.length, 1);
    assert.equal((await inPath('/other/')).AttachedPolicies?.length, 0);
    await assert.rejects(client.send(new iam.DeleteRoleCommand({ RoleName })), {
      message: 'Cannot delete entity, must detach all policies first.',
    });
    await client.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: basic }));
    await assert.rejects(client.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: basic })), {
      name: 'NoSuchEntityException',
      message: `Policy ${basic} was not found.`,
    });
    const nowhere = 'arn:aws:iam::aws:policy/NoSuchPolicyAtAll';
    await assert.rejects(attach(nowhere), {
      name: 'NoSuchEntityException',
      message: `Policy ${nowhere} does not exist or is not attachable.`,
    });
    await assert.rejects(attach('arn:aws:s3:::bucket/policy/x'), { name: 'InvalidInputException' });
  });

  test('ten policies can be attached, an eleventh cannot', async () => {
    await create('full');
    const { Policies = [] } = await client.send(new iam.ListPoliciesCommand({ Scope: 'AWS', MaxItems: 11 }));
    for (const [index, { Arn = '' }] of Policies.entries()) {
      const sent = client.send(new iam.AttachRolePolicyCommand({ RoleName: 'full', PolicyArn: Arn }));
      if (index < 10) await sent;
      else await assert.rejects(sent, { message: 'Cannot exceed quota for PoliciesPerRole: 10' });
    }
  });

  test('description, duration and trust can be changed', async () => {
    await create('changed');
    const RoleName = 'changed';
    await client.send(new iam.UpdateRoleCommand({ RoleName, Description: 'new', MaxSessionDuration: 3600 }));
    const { Role } = await client.send(
      new iam.UpdateRoleDescriptionCommand({ RoleName, Description: 'newer' }),
    );
    assert.equal(Role?.Description, 'newer');
    const PolicyDocument = trusting({ Service: 'ec2.amazonaws.com' });
    assert.equal(world.identity.account.roleState(Role.Arn ?? ''), 'assumable');
    await client.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
    assert.equal(world.identity.account.roleState(Role.Arn ?? ''), 'not-assumable');
  });

  test('boundaries are put and deleted', async () => {
    await create('bounded', { PermissionsBoundary: basic });
    const RoleName = 'bounded';
    const boundary = async () =>
      (await client.send(new iam.GetRoleCommand({ RoleName }))).Role?.PermissionsBoundary;
    assert.equal((await boundary())?.PermissionsBoundaryArn, basic);
    const PermissionsBoundary = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await client.send(new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    assert.equal((await boundary())?.PermissionsBoundaryArn, PermissionsBoundary);
    await client.send(new iam.DeleteRolePermissionsBoundaryCommand({ RoleName }));
    assert.equal(await boundary(), undefined);
    await assert.rejects(client.send(new iam.DeleteRolePermissionsBoundaryCommand({ RoleName })), {
      name: 'NoSuchEntityException',
    });
  });

  test('tags are laid over, taken away, and differ by more than case', async () => {
    await create('tagged', { Tags: [{ Key: 'A', Value: '1' }] });
    const RoleName = 'tagged';
    const tag = (...Tags: iam.Tag[]) => client.send(new iam.TagRoleCommand({ RoleName, Tags }));
    await tag({ Key: 'a', Value: '2' }, { Key: 'b', Value: '' });
    const { Tags } = await client.send(new iam.ListRoleTagsCommand({ RoleName }));
    assert.deepEqual(Tags, [
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '' },
    ]);
    await assert.rejects(tag({ Key: 'x', Value: '' }, { Key: 'X', Value: '' }), {
      name: 'InvalidInputException',
    });
    await assert.rejects(tag({ Key: 'aws:x', Value: '' }), { name: 'InvalidInputException' });
    await assert.rejects(
      tag(...Array.from({ length: 49 }, (_, index) => ({ Key: `k${index}`, Value: '' }))),
      { message: 'Cannot exceed quota for TagsPerRole: 50' },
    );
    await client.send(new iam.UntagRoleCommand({ RoleName, TagKeys: ['A', 'nothing'] }));
    assert.equal((await client.send(new iam.ListRoleTagsCommand({ RoleName }))).Tags?.length, 1);
  });

  test('lists come in pages, by path, without what only GetRole answers', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await create(name, { Path: '/pages/', Tags: [{ Key: 'k', Value: 'v' }] });
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const sent = { PathPrefix: '/pages/', MaxItems: 2, ...(Marker === undefined ? {} : { Marker }) };
      const page = await client.send(new iam.ListRolesCommand(sent));
      for (const { RoleName = '', Tags } of page.Roles ?? []) {
        names.push(RoleName);
        assert.equal(Tags, undefined);
      }
      assert.equal(page.IsTruncated, page.Marker !== undefined);
      Marker = page.Marker;
    } while (Marker !== undefined);
    assert.deepEqual(names, ['p1', 'p2', 'p3']);
    for (const bad of ['nonsense', 'MTo!']) {
      await assert.rejects(client.send(new iam.ListRolesCommand({ Marker: bad })), {
        name: 'ValidationError',
      });
    }
  });

  test('what is not there is named', async () => {
    const RoleName = 'nobody';
    for (const command of [
      new iam.GetRoleCommand({ RoleName }),
      new iam.DeleteRoleCommand({ RoleName }),
      new iam.ListRolePoliciesCommand({ RoleName }),
      new iam.ListInstanceProfilesForRoleCommand({ RoleName }),
      new iam.TagRoleCommand({ RoleName, Tags: [] }),
    ]) {
      await assert.rejects(client.send(command as iam.GetRoleCommand), {
        name: 'NoSuchEntityException',
        message: 'The role with name nobody cannot be found.',
      });
    }
    const { InstanceProfiles } = await client.send(
      new iam.ListInstanceProfilesForRoleCommand({ RoleName: 'Taken' }),
    );
    assert.deepEqual(InstanceProfiles, []);
  });
});
