/** Tests of the account's settings and its root key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededEntropy } from '#platform';
import { memoryKeyStore } from './fixtures/account.ts';
import { type IdentityOptions, openIdentity, type RootIdentity } from './identity.ts';

async function opened(options: Partial<IdentityOptions> = {}): Promise<RootIdentity> {
  const outcome = await openIdentity({ store: memoryKeyStore(), entropy: seededEntropy(1), ...options });
  assert.ok(outcome.kind === 'opened', JSON.stringify(outcome));
  return outcome.identity;
}

test("the first start makes a root key that looks like AWS's, and every later one finds it", async () => {
  const store = memoryKeyStore();
  const first = await opened({ store });
  const { accessKeyId, secretAccessKey } = first.rootCredentials;
  assert.match(accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.match(secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  const later = await opened({ store, entropy: seededEntropy(2) });
  assert.deepEqual(later.rootCredentials, first.rootCredentials);
  assert.deepEqual(later.deriveKey('links'), first.deriveKey('links'));
  assert.notDeepEqual(first.deriveKey('links'), first.deriveKey('other'));
  assert.deepEqual(first.findKey(accessKeyId), {
    secretAccessKey,
    principal: {
      kind: 'root',
      userId: '000000000000',
      accountId: '000000000000',
      arn: 'arn:aws:iam::000000000000:root',
      accessKeyId,
    },
  });
  assert.equal(first.findKey('AKIASOMEBODYELSE2345'), undefined);
});

test('account, region and key can be set; the key that is set is not stored', async () => {
  const store = memoryKeyStore();
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
  assert.equal(identity.findKey(set.accessKeyId)?.principal.arn, 'arn:aws:iam::123456789012:root');
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
    const outcome = await openIdentity({ store: memoryKeyStore(), entropy: seededEntropy(1), ...settings });
    assert.ok(outcome.kind === 'invalid', JSON.stringify(settings));
    assert.match(outcome.message, message);
    assert.ok(!outcome.message.includes('hunter2'));
  }
});
