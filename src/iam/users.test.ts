/** Users and their access keys. */
import { compareCodePoints } from '#lib/code-point-order';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { memoryDocuments } from '#engines/memory';
import { allowing, openWorld, type World } from './fixtures/world.ts';

suite('users', () => {
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
  const create = (UserName: string) => client.send(new iam.CreateUserCommand({ UserName }));
  const keyOf = async (UserName: string) => {
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  };

  test('a user has at most two keys; an inactive or deleted one opens nothing', async () => {
    await create('keyed');
    const UserName = 'keyed';
    const first = await keyOf(UserName);
    const second = await keyOf(UserName);
    assert.match(first.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
    await assert.rejects(keyOf(UserName), {
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
    });
    const { account } = world.identity;
    assert.equal(account.findKey(first.accessKeyId, undefined)?.secretAccessKey, first.secretAccessKey);
    const set = (Status: iam.StatusType) =>
      client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId: first.accessKeyId, Status }));
    await set('Inactive');
    assert.equal(account.findKey(first.accessKeyId, undefined), undefined);
    const { AccessKeyMetadata = [] } = await client.send(new iam.ListAccessKeysCommand({ UserName }));
    assert.deepEqual(
      AccessKeyMetadata.map(({ AccessKeyId, Status }) => `${AccessKeyId} ${Status}`).toSorted(
        compareCodePoints,
      ),
      [`${first.accessKeyId} Inactive`, `${second.accessKeyId} Active`].toSorted(compareCodePoints),
    );
    await set('Active');
    assert.ok(account.findKey(first.accessKeyId, undefined));
    await assert.rejects(client.send(new iam.DeleteUserCommand({ UserName })), {
      message: 'Cannot delete entity, must delete access keys first.',
    });
    for (const { accessKeyId: AccessKeyId } of [first, second]) {
      await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
      assert.equal(account.findKey(AccessKeyId, undefined), undefined);
    }
    await assert.rejects(
      client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: first.accessKeyId })),
      {
        name: 'NoSuchEntityException',
        message: `The Access Key with id ${first.accessKeyId} cannot be found.`,
      },
    );
    await client.send(new iam.DeleteUserCommand({ UserName }));
  });

  test('whoever names no user means itself; root is nobody among the users', async () => {
    await create('self');
    const document = allowing('iam:*', 'arn:aws:iam::000000000000:user/${aws:username}');
    await client.send(
      new iam.PutUserPolicyCommand({ UserName: 'self', PolicyName: 'own', PolicyDocument: document }),
    );
    await create('other');
    const keys = await keyOf('self');
    const others = await keyOf('other');
    const self = world.iam(keys);
    assert.equal((await self.send(new iam.GetUserCommand({}))).User?.UserName, 'self');
    assert.equal((await self.send(new iam.ListAccessKeysCommand({}))).AccessKeyMetadata?.length, 1);
    const { AccessKey } = await self.send(new iam.CreateAccessKeyCommand({}));
    assert.equal(AccessKey?.UserName, 'self');
    await self.send(new iam.DeleteAccessKeyCommand({ AccessKeyId: AccessKey.AccessKeyId }));
    await assert.rejects(self.send(new iam.DeleteAccessKeyCommand({ AccessKeyId: others.accessKeyId })), {
      name: 'NoSuchEntityException',
    });
    await assert.rejects(self.send(new iam.GetUserCommand({ UserName: 'other' })), {
      name: 'AccessDenied',
      message:
        'User: arn:aws:iam::000000000000:user/self is not authorized to perform: iam:GetUser on resource: arn:aws:iam::000000000000:user/other because no identity-based policy allows the iam:GetUser action',
    });
    const { User } = await client.send(new iam.GetUserCommand({}));
    assert.equal(User?.Arn, 'arn:aws:iam::000000000000:root');
    await assert.rejects(client.send(new iam.CreateAccessKeyCommand({})), {
      name: 'NotImplementedException',
    });
    assert.equal((await client.send(new iam.ListAccessKeysCommand({}))).AccessKeyMetadata?.length, 1);
  });

  test('what a key was last used for is told', async () => {
    await create('used');
    const keys = await keyOf('used');
    const last = () => client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: keys.accessKeyId }));
    const { UserName, AccessKeyLastUsed } = await last();
    assert.equal(UserName, 'used');
    assert.deepEqual(AccessKeyLastUsed, { ServiceName: 'N/A', Region: 'N/A' });
    await assert.rejects(world.iam(keys).send(new iam.ListUsersCommand({})), { name: 'AccessDenied' });
    assert.equal((await last()).AccessKeyLastUsed?.ServiceName, 'iam');
    await assert.rejects(
      client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: 'AKIANOBODYNOBODYNOB2' })),
      { name: 'NoSuchEntityException' },
    );
  });

  test('a renamed user keeps id and keys, under the new name', async () => {
    await create('before');
    await create('taken');
    const keys = await keyOf('before');
    const { User } = await client.send(new iam.GetUserCommand({ UserName: 'before' }));
    const rename = (NewUserName: string) =>
      client.send(new iam.UpdateUserCommand({ UserName: 'before', NewUserName, NewPath: '/moved/' }));
    await assert.rejects(rename('Taken'), { name: 'EntityAlreadyExistsException' });
    await rename('Before');
    await rename('afterwards');
    const { User: renamed } = await client.send(new iam.GetUserCommand({ UserName: 'afterwards' }));
    assert.equal(renamed?.UserId, User?.UserId);
    assert.equal(renamed?.Arn, 'arn:aws:iam::000000000000:user/moved/afterwards');
    const { Arn } = await world.sts(keys).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, renamed.Arn);
    await assert.rejects(client.send(new iam.GetUserCommand({ UserName: 'before' })), {
      message: 'The user with name before cannot be found.',
    });
  });

  test('users are tagged, bounded, and have policies as roles do', async () => {
    await create('full');
    const UserName = 'full';
    const arn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: arn }));
    await client.send(new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary: arn }));
    await client.send(new iam.TagUserCommand({ UserName, Tags: [{ Key: 'k', Value: 'v' }] }));
    const { User } = await client.send(new iam.GetUserCommand({ UserName }));
    assert.deepEqual(User?.Tags, [{ Key: 'k', Value: 'v' }]);
    assert.equal(User.PermissionsBoundary?.PermissionsBoundaryArn, arn);
    assert.deepEqual((await client.send(new iam.ListUserTagsCommand({ UserName }))).Tags, User.Tags);
    const { AttachedPolicies } = await client.send(new iam.ListAttachedUserPoliciesCommand({ UserName }));
    assert.deepEqual(AttachedPolicies, [{ PolicyName: 'AdministratorAccess', PolicyArn: arn }]);
    await client.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn: arn }));
    await client.send(new iam.UntagUserCommand({ UserName, TagKeys: ['k'] }));
    for (const command of [
      new iam.ListGroupsForUserCommand({ UserName }),
      new iam.ListMFADevicesCommand({ UserName }),
      new iam.ListSSHPublicKeysCommand({ UserName }),
      new iam.ListSigningCertificatesCommand({ UserName }),
      new iam.ListServiceSpecificCredentialsCommand({ UserName }),
    ]) {
      await client.send(command as iam.ListGroupsForUserCommand);
    }
    await client.send(new iam.ListVirtualMFADevicesCommand({}));
    for (const command of [
      new iam.GetLoginProfileCommand({ UserName }),
      new iam.DeleteLoginProfileCommand({ UserName }),
    ]) {
      await assert.rejects(client.send(command as iam.GetLoginProfileCommand), {
        name: 'NoSuchEntityException',
        message: 'Login Profile for User full cannot be found.',
      });
    }
    await client.send(new iam.DeleteUserCommand({ UserName }));
  });

  test('the account is summed up', async () => {
    const { SummaryMap } = await client.send(new iam.GetAccountSummaryCommand({}));
    assert.equal(SummaryMap?.Users, world.identity.account.directory.view.users().length);
    assert.equal(SummaryMap.AccessKeysPerUserQuota, 2);
    assert.deepEqual((await client.send(new iam.ListAccountAliasesCommand({}))).AccountAliases, []);
  });
});
