/** Tests of the account: its settings, its root key, and the credentials of roles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock, seededEntropy } from '#platform';
import { type IdentityOptions, openIdentity, type RootIdentity } from './identity.ts';
import { openedTokensMax } from './limits.ts';
import type { RootKey, RootKeyStore } from './root-key.ts';

const role = 'arn:aws:iam::000000000000:role/service-role/my-role';

function memoryStore(): RootKeyStore {
  let kept: RootKey | undefined;
  return {
    read: () => Promise.resolve(kept),
    create: (key) => Promise.resolve((kept ??= key)),
  };
}

async function opened(options: Partial<IdentityOptions> = {}): Promise<RootIdentity> {
  const outcome = await openIdentity({
    store: memoryStore(),
    clock: new FakeClock(),
    entropy: seededEntropy(1),
    ...options,
  });
  assert.ok(outcome.kind === 'opened', JSON.stringify(outcome));
  return outcome.identity;
}

test("the first start makes a root key that looks like AWS's, and every later one finds it", async () => {
  const store = memoryStore();
  const first = await opened({ store });
  const { accessKeyId, secretAccessKey } = first.rootCredentials;
  assert.match(accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.match(secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  const later = await opened({ store, entropy: seededEntropy(2) });
  assert.deepEqual(later.rootCredentials, first.rootCredentials);
  assert.deepEqual(later.deriveKey('links'), first.deriveKey('links'));
  assert.notDeepEqual(first.deriveKey('links'), first.deriveKey('other'));
  assert.deepEqual(first.findKey(accessKeyId, undefined), {
    secretAccessKey,
    principal: {
      kind: 'root',
      userId: '000000000000',
      accountId: '000000000000',
      arn: 'arn:aws:iam::000000000000:root',
      accessKeyId,
    },
  });
});

test('account, region and key can be set; the key that is set is not stored', async () => {
  const store = memoryStore();
  const set = {
    accountId: '123456789012',
    region: 'eu-central-1',
    accessKeyId: 'AKIACONTINUOUSINTEGR',
    secretAccessKey: 'a secret'.replace(' ', '-').repeat(3),
  };
  const identity = await opened({ store, ...set });
  assert.equal(identity.accountId, set.accountId);
  assert.equal(identity.region, set.region);
  assert.equal(identity.rootCredentials.accessKeyId, set.accessKeyId);
  assert.equal(identity.findKey(set.accessKeyId, undefined)?.principal.arn, 'arn:aws:iam::123456789012:root');
  assert.notEqual((await store.read())?.accessKeyId, set.accessKeyId);
});

test('settings that make no sense are told so, without the secret', async () => {
  const key = { accessKeyId: 'AKIACONTINUOUSINTEGR', secretAccessKey: 'long-enough-to-count' };
  for (const [settings, message] of [
    [{ accountId: '12345' }, /12 digits/],
    [{ accountId: '12345678901a' }, /12 digits/],
    [{ region: 'Europe' }, /must look like us-east-1/],
    [{ region: 'us-east-1\n' }, /must look like us-east-1/],
    [{ accessKeyId: key.accessKeyId }, /secret access key is missing/],
    [{ secretAccessKey: key.secretAccessKey }, /access key id is missing/],
    [{ ...key, accessKeyId: 'short' }, /16 to 128/],
    [{ ...key, accessKeyId: 'ASIACONTINUOUSINTEGR' }, /must not start with ASIA/],
    [{ ...key, secretAccessKey: 'hunter2' }, /secret access key must be 16 to 128/],
    [{ ...key, secretAccessKey: 'with blanks in it, long' }, /secret access key must be 16 to 128/],
  ] as const) {
    const outcome = await openIdentity({
      store: memoryStore(),
      clock: new FakeClock(),
      entropy: seededEntropy(1),
      ...settings,
    });
    assert.ok(outcome.kind === 'invalid', JSON.stringify(settings));
    assert.match(outcome.message, message);
    assert.ok(!outcome.message.includes('hunter2'));
  }
});

test("a role's credentials open with their token alone, and say who they are", async () => {
  const clock = new FakeClock();
  const identity = await opened({ clock });
  const credentials = identity.roleCredentials(role, 'hello');
  assert.match(credentials.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
  assert.match(credentials.secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  assert.equal(credentials.expiresAtMs, clock.wallMs() + 6 * 3600 * 1000);
  assert.deepEqual(identity.findKey(credentials.accessKeyId, credentials.sessionToken), {
    secretAccessKey: credentials.secretAccessKey,
    sessionToken: credentials.sessionToken,
    expiresAtMs: credentials.expiresAtMs,
    principal: {
      kind: 'assumed-role',
      userId: 'my-role:hello',
      roleArn: role,
      accountId: '000000000000',
      arn: 'arn:aws:sts::000000000000:assumed-role/my-role/hello',
      accessKeyId: credentials.accessKeyId,
    },
  });
  const again = identity.roleCredentials(role, 'hello');
  assert.notEqual(again.sessionToken, credentials.sessionToken);
  assert.notEqual(again.secretAccessKey, credentials.secretAccessKey);
});

test('role credentials survive a restart, and die with the store', async () => {
  const store = memoryStore();
  const before = (await opened({ store })).roleCredentials(role, 'hello');
  const after = await opened({ store, entropy: seededEntropy(3) });
  assert.equal(
    after.findKey(before.accessKeyId, before.sessionToken)?.secretAccessKey,
    before.secretAccessKey,
  );
  const stranger = await opened({ entropy: seededEntropy(4) });
  assert.equal(stranger.findKey(before.accessKeyId, before.sessionToken), undefined);
});

test('a token that was changed, cut, lengthened, or belongs to another key opens nothing', async () => {
  const identity = await opened();
  const { accessKeyId, sessionToken = '' } = identity.roleCredentials(role, 'hello');
  const other = identity.roleCredentials(role, 'hello');
  assert.ok(identity.findKey(accessKeyId, sessionToken));
  assert.equal(identity.findKey(accessKeyId, other.sessionToken), undefined);
  assert.equal(identity.findKey(other.accessKeyId, sessionToken), undefined);
  assert.equal(identity.findKey(accessKeyId, undefined), undefined);
  fc.assert(
    fc.property(
      fc.nat({ max: sessionToken.length - 1 }),
      fc.constantFrom('A', '+', '=', 'é', '', 'AA', '\n'),
      (at, by) => {
        const changed = sessionToken.slice(0, at) + by + sessionToken.slice(at + 1);
        if (changed === sessionToken) return;
        assert.equal(identity.findKey(accessKeyId, changed), undefined, changed);
      },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.base64String({ maxLength: 400 }), fc.string({ maxLength: 100 })), (token) => {
      assert.equal(identity.findKey(accessKeyId, token), undefined);
    }),
  );
  assert.equal(identity.findKey(accessKeyId, sessionToken.repeat(20)), undefined);
  assert.equal(identity.findKey(accessKeyId, `${sessionToken}\n`), undefined);
});

test('an expired token still opens, so that its holder can be told that it expired', async () => {
  const clock = new FakeClock();
  const identity = await opened({ clock, roleCredentialsSeconds: 60 });
  const { accessKeyId, sessionToken } = identity.roleCredentials(role, 'hello');
  const expiresAtMs = clock.wallMs() + 60_000;
  clock.advance(3_600_000);
  assert.equal(identity.findKey(accessKeyId, sessionToken)?.expiresAtMs, expiresAtMs);
});

test('twelve hours are the most that role credentials may live', async () => {
  const options = { store: memoryStore(), clock: new FakeClock(), entropy: seededEntropy(1) };
  await assert.rejects(
    openIdentity({ ...options, roleCredentialsSeconds: 12 * 3600 + 1 }),
    /at most 12 hours/,
  );
});

test('more tokens than the cache holds all open', async () => {
  const identity = await opened();
  const first = identity.roleCredentials(role, 'first');
  for (let count = 0; count <= openedTokensMax; count += 1) {
    const { accessKeyId, sessionToken } = identity.roleCredentials(role, `f-${count}`);
    assert.ok(identity.findKey(accessKeyId, sessionToken));
  }
  assert.ok(identity.findKey(first.accessKeyId, first.sessionToken));
});

test('the name of a role is the last part of its ARN, whatever its path', async () => {
  const identity = await opened();
  for (const [arn, name] of [
    ['arn:aws:iam::000000000000:role/any', 'any'],
    ['arn:aws:iam::999999999999:role/a/b/c', 'c'],
    ['arn:aws-cn:iam::000000000000:role/x/', 'x'],
  ] as const) {
    const { accessKeyId, sessionToken } = identity.roleCredentials(arn, 's');
    const principal = identity.findKey(accessKeyId, sessionToken)?.principal;
    assert.equal(principal?.arn, `arn:aws:sts::000000000000:assumed-role/${name}/s`);
  }
});
