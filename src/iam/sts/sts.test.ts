/** STS: who lets whom assume a role, for how long, how narrow, and what comes along. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { memoryDocuments } from '#engines/memory';
import { allowing, type Keys, lambdaTrust, openWorld, trusting, type World } from '../fixtures/world.ts';

const account = '000000000000';
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;

suite('sts', () => {
  let world: World;
  let root: iam.IAMClient;
  let ann: Keys;
  before(async () => {
    world = await openWorld(memoryDocuments());
    root = world.iam();
    ann = await userKeys('ann');
  });
  after(() => {
    assert.deepEqual(world.faults, []);
    world.close();
  });

  async function userKeys(UserName: string, document?: string): Promise<Keys> {
    await root.send(new iam.CreateUserCommand({ UserName }));
    if (document !== undefined) {
      await root.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: document }));
    }
    const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  }

  async function role(
    RoleName: string,
    trust: string,
    more: { allows?: string; MaxSessionDuration?: number } = {},
  ) {
    const { allows, ...rest } = more;
    await root.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, ...rest }));
    if (allows !== undefined) {
      const policy = { RoleName, PolicyName: 'p', PolicyDocument: allowing(allows) };
      await root.send(new iam.PutRolePolicyCommand(policy));
    }
    return roleArn(RoleName);
  }

  const assume = (keys: Keys, RoleArn: string, rest: Partial<sts.AssumeRoleCommandInput> = {}) =>
    world.sts(keys).send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...rest }));

  async function assumed(...sent: Parameters<typeof assume>): Promise<Keys> {
    const { Credentials } = await assume(...sent);
    return {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
  }

  const identityOf = (keys: Keys) => world.sts(keys).send(new sts.GetCallerIdentityCommand({}));
  const mayListRoles = async (keys: Keys): Promise<boolean> => {
    try {
      await world.iam(keys).send(new iam.ListRolesCommand({}));
      return true;
    } catch (error) {
      assert.equal((error as Error).name, 'AccessDenied');
      return false;
    }
  };

  test('whom the trust policy names gets a session of the role, which may what the role may', async () => {
    const arn = await role('named', trusting({ AWS: `arn:aws:iam::${account}:user/ann` }), {
      allows: 'iam:List*',
    });
    assert.equal(await mayListRoles(ann), false);
    const answer = await assume(ann, arn);
    assert.equal(answer.AssumedRoleUser?.Arn, `arn:aws:sts::${account}:assumed-role/named/session`);
    assert.match(answer.AssumedRoleUser.AssumedRoleId ?? '', /^AROA[A-Z2-7]{17}:session$/);
    assert.equal(answer.PackedPolicySize, undefined);
    assert.equal(answer.Credentials?.Expiration?.getTime(), world.clock.wallMs() + 3_600_000);
    const keys = await assumed(ann, arn);
    const { Arn, UserId, Account } = await identityOf(keys);
    assert.deepEqual(
      [Arn, UserId, Account],
      [answer.AssumedRoleUser.Arn, answer.AssumedRoleUser.AssumedRoleId, account],
    );
    assert.equal(await mayListRoles(keys), true);
  });

  test('a role that trusts the account needs the caller to be allowed as well', async () => {
    const arn = await role('delegating', trusting({ AWS: account }));
    await assert.rejects(assume(ann, arn), { name: 'AccessDenied' });
    const bea = await userKeys('bea', allowing('sts:AssumeRole', arn));
    assert.ok(await assume(bea, arn));
  });

  test('nobody whom the trust policy does not name, and no role that is not there', async () => {
    const arn = await role('functions-only', lambdaTrust);
    const cid = await userKeys('cid', allowing('sts:*'));
    await assert.rejects(assume(cid, arn), {
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${account}:user/cid is not authorized to perform: sts:AssumeRole on resource: ${arn} because no role trust policy allows the sts:AssumeRole action`,
    });
    await assert.rejects(assume(cid, roleArn('nobody')), {
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${account}:user/cid is not authorized to perform: sts:AssumeRole on resource: ${roleArn('nobody')}`,
    });
    await assert.rejects(assume(cid, 'arn:aws:s3:::no-role-at-all'), { name: 'ValidationError' });
    await assert.rejects(assume(cid, 'arn:aws:iam::999999999999:role/foreign'), { name: 'AccessDenied' });
  });

  test('an external id must be the one that the trust policy asks for', async () => {
    const condition = { Condition: { StringEquals: { 'sts:ExternalId': 'secret-handshake' } } };
    const arn = await role('external', trusting({ AWS: `arn:aws:iam::${account}:user/ann` }, condition));
    await assert.rejects(assume(ann, arn), { name: 'AccessDenied' });
    await assert.rejects(assume(ann, arn, { ExternalId: 'wrong-handshake' }), { name: 'AccessDenied' });
    assert.ok(await assume(ann, arn, { ExternalId: 'secret-handshake' }));
  });

  test('a session lives as long as was asked, at most as the role allows, and an hour in a chain', async () => {
    const toAnn = trusting({ AWS: [`arn:aws:iam::${account}:user/ann`, roleArn('first')] });
    const first = await role('first', toAnn, { MaxSessionDuration: 7200 });
    const second = await role('second', toAnn, { MaxSessionDuration: 7200 });
    const { Credentials } = await assume(ann, first, { DurationSeconds: 900 });
    assert.equal(Credentials?.Expiration?.getTime(), world.clock.wallMs() + 900_000);
    await assert.rejects(assume(ann, first, { DurationSeconds: 7201 }), {
      name: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    await assert.rejects(assume(ann, first, { DurationSeconds: 899 }), { name: 'ValidationError' });
    const keys = await assumed(ann, first);
    await assert.rejects(assume(keys, second, { DurationSeconds: 3601 }), {
      message:
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    });
    assert.ok(await assume(keys, second, { DurationSeconds: 3600 }));
  });

  test('session policies narrow what the role may, inline and managed', async () => {
    const arn = await role('wide', trusting({ AWS: `arn:aws:iam::${account}:user/ann` }), { allows: '*' });
    assert.equal(await mayListRoles(await assumed(ann, arn)), true);
    assert.equal(await mayListRoles(await assumed(ann, arn, { Policy: allowing('s3:*') })), false);
    assert.equal(await mayListRoles(await assumed(ann, arn, { Policy: allowing('iam:ListRoles') })), true);
    const PolicyArns = [{ arn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }];
    assert.equal(await mayListRoles(await assumed(ann, arn, { PolicyArns })), true);
    const s3 = [{ arn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }];
    assert.equal(await mayListRoles(await assumed(ann, arn, { PolicyArns: s3 })), false);
    const { PackedPolicySize = 0 } = await assume(ann, arn, { PolicyArns });
    assert.ok(PackedPolicySize > 0 && PackedPolicySize <= 100);
  });

  test('what cannot be a session is refused', async () => {
    const arn = await role(
      'strict',
      trusting({ AWS: `arn:aws:iam::${account}:user/ann` }, {}, ['sts:AssumeRole', 'sts:TagSession']),
    );
    const refusals: readonly (readonly [Partial<sts.AssumeRoleCommandInput>, string])[] = [
      [{ Policy: '{' }, 'MalformedPolicyDocumentException'],
      [{ Policy: allowing(`s3:${'x'.repeat(2100)}`) }, 'ValidationError'],
      [{ Policy: ' '.repeat(1_000_000) }, 'MalformedPolicyDocumentException'],
      [{ PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/Nothing' }] }, 'MalformedPolicyDocumentException'],
      [
        { PolicyArns: Array.from({ length: 11 }, () => ({ arn: 'arn:aws:iam::aws:policy/IAMFullAccess' })) },
        'ValidationError',
      ],
      [{ SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' }, 'NotImplementedException'],
      [{ RoleSessionName: 'no blanks' }, 'ValidationError'],
      [
        {
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'A', Value: '2' },
          ],
        },
        'InvalidInput',
      ],
      [{ TransitiveTagKeys: ['nothing'] }, 'ValidationError'],
      [{ SourceIdentity: 'ann' }, 'AccessDenied'],
      [
        {
          Tags: Array.from({ length: 50 }, (_, index) => ({
            Key: `key-${index}`,
            Value: createHash('sha512').update(String(index)).digest('hex').repeat(2),
          })),
        },
        'PackedPolicyTooLargeException',
      ],
    ];
    for (const [rest, name] of refusals)
      await assert.rejects(assume(ann, arn, rest), { name }, JSON.stringify(rest).slice(0, 100));
  });

  test('transitive tags and the source identity go along a chain', async () => {
    const everything = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
    const who = { AWS: [`arn:aws:iam::${account}:user/ann`, roleArn('link-1')] };
    const first = await role('link-1', trusting(who, {}, everything));
    const second = await role('link-2', trusting(who, {}, everything));
    const Tags = [
      { Key: 'team', Value: 'blue' },
      { Key: 'here', Value: 'only' },
    ];
    const keys = await assumed(ann, first, { Tags, TransitiveTagKeys: ['team'], SourceIdentity: 'ann' });
    const next = await assumed(keys, second);
    const principal = world.identity.account.findKey(next.accessKeyId, next.sessionToken)?.principal;
    assert.deepEqual(principal?.sessionTags, [['team', 'blue']]);
    assert.equal(principal.sourceIdentity, 'ann');
    await assert.rejects(assume(keys, second, { SourceIdentity: 'bob' }), { name: 'ValidationError' });
    await assert.rejects(assume(keys, second, { Tags: [{ Key: 'TEAM', Value: 'red' }] }), {
      name: 'ValidationError',
    });
  });

  test('a session of a role that was deleted, or made again, may nothing', async () => {
    const trust = trusting({ AWS: `arn:aws:iam::${account}:user/ann` });
    const arn = await role('mortal', trust, { allows: 'iam:*' });
    const keys = await assumed(ann, arn);
    assert.equal(await mayListRoles(keys), true);
    const RoleName = 'mortal';
    await root.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    assert.equal(await mayListRoles(keys), false);
    await root.send(new iam.DeleteRoleCommand({ RoleName }));
    assert.equal(await mayListRoles(keys), false);
    await role(RoleName, trust, { allows: 'iam:*' });
    assert.equal(await mayListRoles(keys), false);
    assert.equal(await mayListRoles(await assumed(ann, arn)), true);
  });

  test('a session token is of its user: not for IAM, and not for another token', async () => {
    const dot = await userKeys('dot', allowing('iam:*'));
    const token = async (keys: Keys | undefined, DurationSeconds?: number) => {
      const { Credentials } = await world
        .sts(keys)
        .send(new sts.GetSessionTokenCommand(DurationSeconds === undefined ? {} : { DurationSeconds }));
      return Credentials;
    };
    const given = await token(dot);
    assert.equal(given?.Expiration?.getTime(), world.clock.wallMs() + 43_200_000);
    const keys = {
      accessKeyId: given.AccessKeyId ?? '',
      secretAccessKey: given.SecretAccessKey ?? '',
      sessionToken: given.SessionToken ?? '',
    };
    assert.equal((await identityOf(keys)).Arn, `arn:aws:iam::${account}:user/dot`);
    await assert.rejects(world.iam(keys).send(new iam.ListRolesCommand({})), {
      name: 'InvalidClientTokenId',
    });
    await assert.rejects(token(keys), { name: 'AccessDenied', message: /session credentials/ });
    const ofRoot = await token(undefined, 43_200);
    assert.equal(ofRoot?.Expiration?.getTime(), world.clock.wallMs() + 3_600_000);
    await assert.rejects(token(dot, 100), { name: 'ValidationError' });
  });

  test('the account of a key is told, of keys that are known', async () => {
    const known = new sts.GetAccessKeyInfoCommand({ AccessKeyId: ann.accessKeyId });
    assert.equal((await world.sts().send(known)).Account, account);
    const unknown = new sts.GetAccessKeyInfoCommand({ AccessKeyId: 'AKIANOBODYNOBODYNOB2' });
    await assert.rejects(world.sts().send(unknown), { name: 'ValidationError' });
  });

  test('what is not served is refused by name', async () => {
    const sent = new sts.DecodeAuthorizationMessageCommand({ EncodedMessage: 'x' });
    await assert.rejects(world.sts().send(sent), {
      name: 'NotImplementedException',
      message: /DecodeAuthorizationMessage/,
    });
    const federation = new sts.GetFederationTokenCommand({ Name: 'x1' });
    await assert.rejects(world.sts().send(federation), { message: /GetFederationToken/ });
  });
});
