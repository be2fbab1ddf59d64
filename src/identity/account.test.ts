/** Tests of the account: keys of users, credentials of roles and sessions, and what is known of roles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memoryDocuments } from '#engines/memory';
import type { Documents } from '#platform';
import type { Directory } from './directory/directory.ts';
import {
  memoryKeyStore,
  testAccount,
  type TestAccount,
  type TestAccountOptions,
} from './fixtures/account.ts';
import { someRole, someUser, trusting } from './fixtures/records.ts';
import { openedTokensMax } from './limits.ts';

const role = 'arn:aws:iam::000000000000:role/service-role/my-role';

const opened = (options: Partial<TestAccountOptions> = {}): Promise<TestAccount> =>
  testAccount({ documents: memoryDocuments(), ...options });

async function put<Of extends 'users' | 'roles'>(
  directory: Directory,
  collection: Of,
  record: Parameters<typeof directory.add<Of>>[1],
): Promise<void> {
  const write = { ...directory.add(collection, record), expected: 'any' } as const;
  const outcome = await directory.change(() => Promise.resolve({ writes: [write], result: undefined }));
  assert.equal(outcome.kind, 'done');
}

const key = (account: TestAccount, id: string, status: 'Active' | 'Inactive' = 'Active') => ({
  id,
  sealedSecret: account.account.sealSecret(id, `secret of ${id}`),
  status,
  createdAtMs: 0,
});

test("a user's keys open while they are active, and say who the user is", async () => {
  const world = await opened();
  const { account } = world;
  const id = 'AKIAANNANNANNANNANN2';
  await put(account.directory, 'users', someUser({ path: '/team/', accessKeys: [key(world, id)] }));
  assert.deepEqual(account.findKey(id, undefined), {
    secretAccessKey: `secret of ${id}`,
    principal: {
      kind: 'user',
      userId: 'AIDAANNANNANNANNANNA2',
      userName: 'ann',
      accountId: '000000000000',
      arn: 'arn:aws:iam::000000000000:user/team/ann',
      accessKeyId: id,
    },
  });
  assert.equal(account.findKey(id, undefined), account.findKey(id, undefined));
  await put(account.directory, 'users', someUser({ accessKeys: [key(world, id, 'Inactive')] }));
  assert.equal(account.findKey(id, undefined), undefined);
  await put(account.directory, 'users', someUser());
  assert.equal(account.findKey(id, undefined), undefined);
});

test("no secret stands in the store as it is, and none opens in another key's place or with another master secret", async () => {
  const documents = memoryDocuments();
  const world = await opened({ documents });
  const [first, second] = ['AKIAFIRSTFIRSTFIRST2', 'AKIASECONDSECONDSEC2'];
  await put(
    world.account.directory,
    'users',
    someUser({
      accessKeys: [
        key(world, first),
        { ...key(world, second), sealedSecret: key(world, first).sealedSecret },
      ],
    }),
  );
  const stored = JSON.stringify((await documents.list('identity/')).documents);
  assert.doesNotMatch(stored, /secret of/);
  assert.equal(world.account.findKey(second, undefined), undefined);
  assert.ok(world.account.findKey(first, undefined));
  const stranger = await opened({ documents, seed: 9 });
  assert.ok(stranger.account.directory.view.accessKey(first));
  assert.equal(stranger.account.findKey(first, undefined), undefined);
});

test("a role's credentials open with their token alone, and say who they are", async () => {
  const { account, clock } = await opened();
  await put(account.directory, 'roles', someRole({ name: 'my-role', path: '/service-role/' }));
  const credentials = account.roleCredentials(role, 'hello');
  assert.match(credentials.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
  assert.match(credentials.secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  assert.equal(credentials.expiresAtMs, clock.wallMs() + 6 * 3600 * 1000);
  assert.deepEqual(account.findKey(credentials.accessKeyId, credentials.sessionToken), {
    secretAccessKey: credentials.secretAccessKey,
    sessionToken: credentials.sessionToken,
    expiresAtMs: credentials.expiresAtMs,
    principal: {
      kind: 'assumed-role',
      userId: 'AROAREADERREADERREAD2:hello',
      roleArn: role,
      accountId: '000000000000',
      arn: 'arn:aws:sts::000000000000:assumed-role/my-role/hello',
      accessKeyId: credentials.accessKeyId,
      tokenIssuedAtMs: clock.wallMs(),
    },
  });
  const again = account.roleCredentials(role, 'hello');
  assert.notEqual(again.sessionToken, credentials.sessionToken);
  assert.notEqual(again.secretAccessKey, credentials.secretAccessKey);
});

test('a role that is not there has credentials all the same, with an id that no role has', async () => {
  const { account } = await opened();
  const { accessKeyId, sessionToken } = account.roleCredentials(role, 'hello');
  const userId = account.findKey(accessKeyId, sessionToken)?.principal.userId ?? '';
  assert.match(userId, /^AROA[A-Z2-7]{17}:hello$/);
  const other = account.roleCredentials(`${role}2`, 'hello');
  assert.notEqual(account.findKey(other.accessKeyId, other.sessionToken)?.principal.userId, userId);
});

test('role credentials survive a restart, and die with the master secret', async () => {
  const keyStore = memoryKeyStore();
  const before = (await opened({ keyStore })).account.roleCredentials(role, 'hello');
  const { account } = await opened({ keyStore, seed: 3 });
  const found = account.findKey(before.accessKeyId, before.sessionToken);
  assert.equal(found?.secretAccessKey, before.secretAccessKey);
  const stranger = await opened({ seed: 4 });
  assert.equal(stranger.account.findKey(before.accessKeyId, before.sessionToken), undefined);
});

test('a token that was changed, cut, lengthened, or belongs to another key opens nothing', async () => {
  const { account } = await opened();
  const { accessKeyId, sessionToken = '' } = account.roleCredentials(role, 'hello');
  const other = account.roleCredentials(role, 'hello');
  assert.ok(account.findKey(accessKeyId, sessionToken));
  assert.equal(account.findKey(accessKeyId, other.sessionToken), undefined);
  assert.equal(account.findKey(other.accessKeyId, sessionToken), undefined);
  assert.equal(account.findKey(accessKeyId, undefined), undefined);
  const changes = fc.constantFrom('A', '+', '=', 'é', '', 'AA', '\n');
  fc.assert(
    fc.property(fc.nat({ max: sessionToken.length - 1 }), changes, (at, by) => {
      const changed = sessionToken.slice(0, at) + by + sessionToken.slice(at + 1);
      if (changed === sessionToken) return;
      assert.equal(account.findKey(accessKeyId, changed), undefined, changed);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.base64String({ maxLength: 400 }), fc.string({ maxLength: 100 })), (token) => {
      assert.equal(account.findKey(accessKeyId, token), undefined);
    }),
  );
  assert.equal(account.findKey(accessKeyId, sessionToken.repeat(20)), undefined);
  assert.equal(account.findKey(accessKeyId, `${sessionToken}\n`), undefined);
});

test('an expired token still opens, so that its holder can be told that it expired', async () => {
  const { account, clock } = await opened({ roleCredentialsSeconds: 60 });
  const { accessKeyId, sessionToken } = account.roleCredentials(role, 'hello');
  const expiresAtMs = clock.wallMs() + 60_000;
  clock.advance(3_600_000);
  assert.equal(account.findKey(accessKeyId, sessionToken)?.expiresAtMs, expiresAtMs);
});

test('twelve hours are the most that role credentials may live', async () => {
  await assert.rejects(opened({ roleCredentialsSeconds: 12 * 3600 + 1 }), /at most 12 hours/);
});

test('more tokens than the cache holds all open', async () => {
  const { account } = await opened();
  const first = account.roleCredentials(role, 'first');
  for (let count = 0; count <= openedTokensMax; count += 1) {
    const { accessKeyId, sessionToken } = account.roleCredentials(role, `f-${count}`);
    assert.ok(account.findKey(accessKeyId, sessionToken));
  }
  assert.ok(account.findKey(first.accessKeyId, first.sessionToken));
});

test('the name of a role is the last part of its ARN, whatever its path', async () => {
  const { account } = await opened();
  for (const [arn, name] of [
    ['arn:aws:iam::000000000000:role/any', 'any'],
    ['arn:aws:iam::999999999999:role/a/b/c', 'c'],
    ['arn:aws-cn:iam::000000000000:role/x/', 'x'],
  ] as const) {
    const { accessKeyId, sessionToken } = account.roleCredentials(arn, 's');
    const principal = account.findKey(accessKeyId, sessionToken)?.principal;
    assert.equal(principal?.arn, `arn:aws:sts::000000000000:assumed-role/${name}/s`);
  }
});

test("a user's session follows the user: renamed it says the new name, deleted it opens nothing", async () => {
  const { account, clock } = await opened();
  const user = someUser();
  await put(account.directory, 'users', user);
  const issued = account.issue({ kind: 'user', userId: user.id, expiresAtMs: clock.wallMs() + 1000 });
  assert.ok(issued);
  const find = () => account.findKey(issued.accessKeyId, issued.sessionToken)?.principal;
  assert.equal(find()?.arn, 'arn:aws:iam::000000000000:user/ann');
  assert.equal(find()?.tokenIssuedAtMs, clock.wallMs());
  const stored = await account.directory.read('users', 'ann');
  assert.ok(stored);
  await account.directory.change(async () => ({
    writes: [
      { kind: 'delete', key: stored.key, expected: stored.revision },
      account.directory.add('users', { ...user, name: 'Bea' }),
    ],
    result: undefined,
  }));
  assert.equal(find()?.arn, 'arn:aws:iam::000000000000:user/Bea');
  const renamed = await account.directory.read('users', 'bea');
  assert.ok(renamed);
  await account.directory.change(async () => ({
    writes: [{ kind: 'delete', key: renamed.key, expected: renamed.revision }],
    result: undefined,
  }));
  assert.equal(find(), undefined);
  await put(account.directory, 'users', { ...user, id: 'AIDAANOTHERANOTHERAN2' });
  assert.equal(find(), undefined);
});

test("root's session is root, by its token alone", async () => {
  const { account, clock } = await opened();
  const issued = account.issue({ kind: 'root', expiresAtMs: clock.wallMs() + 1000 });
  assert.ok(issued);
  const principal = account.findKey(issued.accessKeyId, issued.sessionToken)?.principal;
  assert.equal(principal?.kind, 'root');
  assert.equal(principal.accessKeyId, issued.accessKeyId);
  assert.equal(account.findKey(issued.accessKeyId, undefined), undefined);
});

test('a session with policies, tags and a source identity carries them; one that is too large is not made', async () => {
  const { account, clock } = await opened();
  const session = {
    kind: 'role',
    roleArn: role,
    roleId: 'AROAREADERREADERREAD2',
    sessionName: 's',
    expiresAtMs: clock.wallMs() + 1000,
  } as const;
  const policies = [JSON.stringify({ Version: '2012-10-17', Statement: [] })];
  const tags = [['team', 'a'] as const];
  const issued = account.issue({ ...session, policies, tags, sourceIdentity: 'ann' });
  assert.ok(issued);
  const principal = account.findKey(issued.accessKeyId, issued.sessionToken)?.principal;
  assert.deepEqual(principal?.sessionPolicies, policies);
  assert.deepEqual(principal.sessionTags, tags);
  assert.equal(principal.sourceIdentity, 'ann');
  const noise = Array.from({ length: 4000 }, (_, index) => ((index * 7919) % 9973).toString(36)).join('');
  assert.equal(account.issue({ ...session, policies: [noise] }), undefined);
  assert.equal(account.issue({ ...session, policies: [' '.repeat(20_000)] }), undefined);
});

test('whether functions can take a role, its trust policy says', async () => {
  const { account } = await opened();
  const arn = 'arn:aws:iam::000000000000:role/reader';
  assert.equal(account.roleState(arn), 'absent');
  await put(account.directory, 'roles', someRole());
  assert.equal(account.roleState(arn), 'assumable');
  assert.equal(account.roleState('arn:aws:iam::000000000000:role/other/reader'), 'absent');
  assert.equal(account.roleState('arn:aws:iam::999999999999:role/reader'), 'absent');
  await put(
    account.directory,
    'roles',
    someRole({ trustPolicy: trusting({ Service: 'ec2.amazonaws.com' }) }),
  );
  assert.equal(account.roleState(arn), 'not-assumable');
});

test('what a restart finds is what was there', async () => {
  const documents: Documents = memoryDocuments();
  const keyStore = memoryKeyStore();
  const before = await opened({ documents, keyStore });
  const id = 'AKIAANNANNANNANNANN2';
  await put(before.account.directory, 'users', someUser({ accessKeys: [key(before, id)] }));
  before.close();
  const after = await opened({ documents, keyStore, seed: 2 });
  assert.equal(after.account.findKey(id, undefined)?.secretAccessKey, `secret of ${id}`);
});
