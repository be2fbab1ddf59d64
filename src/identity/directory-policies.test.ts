/** Tests of what users and roles are allowed: policies of all origins, and that changes count at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import type { Write } from '#platform';
import { testAccount, type TestAccount } from './fixtures/account.ts';
import { allowing, somePolicy, someRole, someUser } from './fixtures/records.ts';
import { predefinedPolicies } from './managed-policies/table.ts';
import { parsePolicy } from './policy/parse.ts';
import type { Principal } from './principal.ts';

const ann: Principal = {
  kind: 'user',
  userId: someUser().id,
  userName: 'ann',
  accountId: '000000000000',
  arn: 'arn:aws:iam::000000000000:user/ann',
  accessKeyId: 'AKIA',
};

const reading: Principal = {
  kind: 'assumed-role',
  userId: `${someRole().id}:s`,
  roleArn: 'arn:aws:iam::000000000000:role/reader',
  accountId: '000000000000',
  arn: 'arn:aws:sts::000000000000:assumed-role/reader/s',
  accessKeyId: 'ASIA',
};

const sharedArn = 'arn:aws:iam::000000000000:policy/shared';

async function commit({ account }: TestAccount, ...writes: readonly Write[]): Promise<void> {
  await account.directory.change(async () => ({
    writes: writes.map((write): Write => Object.assign({}, write, { expected: 'any' as const })),
    result: undefined,
  }));
}

const may = ({ authorizer }: TestAccount, principal: Principal, action: string): boolean =>
  authorizer.decide({ principal, action, resource: '*', conditions: () => new Map() }).kind === 'allowed';

const opened = () => testAccount({ documents: memoryDocuments() });

test('inline, own and predefined policies allow, and each change counts at once', async () => {
  const world = await opened();
  const { directory } = world.account;
  assert.equal(may(world, ann, 'sqs:SendMessage'), false);
  await commit(
    world,
    directory.add('users', someUser({ inlinePolicies: [{ name: 'p', document: allowing('sqs:*') }] })),
  );
  assert.equal(may(world, ann, 'sqs:SendMessage'), true);
  await commit(world, directory.add('users', someUser({ attachedPolicies: [sharedArn] })));
  assert.equal(may(world, ann, 'sqs:SendMessage'), false);
  await commit(world, directory.add('policies', somePolicy(allowing('sqs:SendMessage'))));
  assert.equal(may(world, ann, 'sqs:SendMessage'), true);
  const versions = [
    { id: 'v1', document: allowing('sqs:SendMessage'), createdAtMs: 0 },
    { id: 'v2', document: allowing('sqs:ReceiveMessage'), createdAtMs: 0 },
  ];
  await commit(
    world,
    directory.add('policies', somePolicy('', { versions, versionsMade: 2, defaultVersionId: 'v2' })),
  );
  assert.equal(may(world, ann, 'sqs:SendMessage'), false);
  assert.equal(may(world, ann, 'sqs:ReceiveMessage'), true);
  const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
  await commit(world, directory.add('users', someUser({ attachedPolicies: [basic] })));
  assert.equal(may(world, ann, 'logs:PutLogEvents'), true);
  assert.equal(may(world, ann, 'lambda:InvokeFunction'), false);
});

test('a boundary bounds, and one that is gone bounds to nothing', async () => {
  const world = await opened();
  const { directory } = world.account;
  const user = someUser({ inlinePolicies: [{ name: 'p', document: allowing('*') }], boundary: sharedArn });
  await commit(world, directory.add('users', user));
  assert.equal(may(world, ann, 'sqs:SendMessage'), false);
  await commit(world, directory.add('policies', somePolicy(allowing('sqs:*'))));
  assert.equal(may(world, ann, 'sqs:SendMessage'), true);
  assert.equal(may(world, ann, 's3:GetObject'), false);
});

test('a session holds for the very role that it was made for', async () => {
  const world = await opened();
  const { directory } = world.account;
  const inlinePolicies = [{ name: 'p', document: allowing('sqs:*') }];
  assert.equal(may(world, reading, 'sqs:SendMessage'), false);
  await commit(world, directory.add('roles', someRole({ inlinePolicies })));
  assert.equal(may(world, reading, 'sqs:SendMessage'), true);
  const again = someRole({ inlinePolicies, id: 'AROAMADEAGAINMADEAGA2' });
  await commit(world, directory.add('roles', again));
  assert.equal(may(world, reading, 'sqs:SendMessage'), false);
  assert.equal(may(world, { ...reading, userId: `${again.id}:s` }, 'sqs:SendMessage'), true);
  await commit(world, directory.add('roles', { ...again, path: '/moved/' }));
  assert.equal(may(world, { ...reading, userId: `${again.id}:s` }, 'sqs:SendMessage'), false);
});

test('session policies narrow, and session tags lie over those of the role', async () => {
  const world = await opened();
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sqs:*',
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } },
      },
    ],
  });
  const role = someRole({ inlinePolicies: [{ name: 'p', document }], tags: [{ key: 'team', value: 'red' }] });
  await commit(world, world.account.directory.add('roles', role));
  assert.equal(may(world, reading, 'sqs:SendMessage'), false);
  const blue: Principal = { ...reading, sessionTags: [['team', 'blue']] };
  assert.equal(may(world, blue, 'sqs:SendMessage'), true);
  assert.equal(may(world, { ...reading, sessionTags: [['team', 'green']] }, 'sqs:SendMessage'), false);
  assert.equal(
    may(world, { ...blue, sessionPolicies: [allowing('sqs:Receive*')] }, 'sqs:SendMessage'),
    false,
  );
});

test('a stored document that cannot be read denies everything', async () => {
  const world = await opened();
  const inlinePolicies = [
    { name: 'good', document: allowing('*') },
    { name: 'bad', document: '{' },
  ];
  await commit(world, world.account.directory.add('users', someUser({ inlinePolicies })));
  assert.equal(may(world, ann, 'sqs:SendMessage'), false);
});

test('every predefined policy can be read', () => {
  assert.equal(predefinedPolicies.size, 25);
  for (const { arn, id, document } of predefinedPolicies.values()) {
    assert.equal(parsePolicy(document, 'identity').kind, 'valid', arn);
    assert.match(arn, /^arn:aws:iam::aws:policy\/(service-role\/)?\w+$/);
    assert.match(id, /^ANPA[A-Z2-7]{17}$/);
  }
});

test('what a key was last used for is remembered, refused or not', async () => {
  const world = await opened();
  may(world, ann, 'sqs:SendMessage');
  assert.deepEqual(world.keyUses.of('AKIA'), { atMs: world.clock.wallMs(), service: 'sqs' });
  world.clock.advance(1000);
  may(world, ann, 'lambda:ListFunctions');
  assert.deepEqual(world.keyUses.of('AKIA'), { atMs: world.clock.wallMs(), service: 'lambda' });
  may(world, reading, 'sqs:SendMessage');
  assert.equal(world.keyUses.of('ASIA'), undefined);
});
