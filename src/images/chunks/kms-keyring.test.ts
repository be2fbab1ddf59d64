/** Texts under keys of KMS: opened for whom they were sealed only, and never lost or taken for damaged because KMS is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, seededEntropy, seededRandom } from '#platform';
import { SignedJsonCalls } from '#wire';
import {
  FakeKms,
  kmsCredentials,
  kmsError,
  kmsRegion,
  openKmsServer,
  type Answered,
} from '../fixtures/kms.ts';
import { kmsLimits } from '../limits.ts';
import { ChunkError, type ChunkErrorReason } from './errors.ts';
import { openKeyring, type Keyring } from './keyring.ts';
import type { KmsKeys } from './kms-keyring.ts';
import { kmsService, type KmsCall } from './kms.ts';

const to = { owner: '123456789012', purpose: 'manifest abc' };
const secret = Buffer.from('secret');

interface World {
  readonly kms: FakeKms;
  readonly clock: FakeClock;
  readonly keys: KmsKeys;
  readonly keyring: Keyring;
  /** The same keys, and nothing remembered. */
  readonly other: () => Keyring;
}

function world(changed: Partial<KmsKeys> = {}, kms = new FakeKms('one', 'two')): World {
  const clock = new FakeClock();
  const keys: KmsKeys = {
    kind: 'kms',
    keyIds: ['one'],
    call: kms.call,
    clock,
    random: seededRandom(1),
    entropy: seededEntropy(1),
    ...changed,
  };
  return { kms, clock, keys, keyring: openKeyring(keys), other: () => openKeyring(keys) };
}

/** Lets time pass for as long as the work waits for it. */
async function settled<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  const waits = Symbol('waits');
  work.catch(() => {});
  for (;;) {
    const turn = new Promise<typeof waits>((resolve) => void setImmediate(resolve, waits));
    const first = await Promise.race([work, turn]);
    if (first !== waits) return first;
    clock.advance(clock.nextTimerMs ?? 0);
  }
}

const failsAs = (work: Promise<unknown>, reason: ChunkErrorReason, message = /./): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof ChunkError, String(error));
    assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message);
    return true;
  });

test('a sealed text opens for its owner and purpose only, and never when a byte differs', async () => {
  const { keyring, other, kms } = world();
  const sealed = await keyring.seal(secret, to);
  assert.equal(sealed.indexOf(secret), -1);
  assert.equal(sealed.toString('latin1', 0, 4), 'LKK1');
  assert.deepEqual(kms.asked[0]?.input.EncryptionContext, to);
  assert.equal(String(await other().open(sealed, to)), 'secret');
  for (const reader of [keyring, other()]) {
    assert.equal(String(await reader.open(sealed, to)), 'secret');
    await failsAs(reader.open(sealed, { ...to, owner: '210987654321' }), 'sealed');
    await failsAs(reader.open(sealed, { ...to, purpose: 'manifest abd' }), 'sealed');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await failsAs(reader.open(changed, to), 'sealed');
      await failsAs(reader.open(sealed.subarray(0, at), to), 'sealed');
    }
  }
});

test('every text has a data key of its own', async () => {
  const { keyring, kms } = world();
  const [first, second] = [await keyring.seal(secret, to), await keyring.seal(secret, to)];
  assert.notDeepEqual(first, second);
  assert.equal(kms.count('GenerateDataKey'), 2);
});

test('a data key is asked for once however many wait, kept for a while, and never given to another', async () => {
  const { keyring, other, kms, clock } = world();
  const sealed = await keyring.seal(secret, to);
  await keyring.open(sealed, to);
  assert.equal(kms.count('Decrypt'), 0);
  const reader = other();
  await Promise.all(Array.from({ length: 20 }, async () => reader.open(sealed, to)));
  assert.equal(kms.count('Decrypt'), 1);
  await failsAs(reader.open(sealed, { ...to, owner: 'b' }), 'sealed');
  assert.equal(kms.count('Decrypt'), 2);
  clock.advance(kmsLimits.keyKeptMs - 1);
  await reader.open(sealed, to);
  assert.equal(kms.count('Decrypt'), 2);
  clock.advance(1);
  assert.equal(clock.timers, 0);
  await reader.open(sealed, to);
  assert.equal(kms.count('Decrypt'), 3);
});

test('no more data keys are kept than the limit says', async () => {
  const { keyring, kms, clock } = world();
  const first = await keyring.seal(secret, to);
  for (let count = 0; count < kmsLimits.keysKeptMax; count += 1) await keyring.seal(secret, to);
  assert.equal(clock.timers, kmsLimits.keysKeptMax);
  await keyring.open(first, to);
  assert.equal(kms.count('Decrypt'), 1);
});

const passing: readonly (readonly [string, Answered])[] = [
  ['throttled', kmsError('ThrottlingException', 'Rate exceeded')],
  ['status 429', { statusCode: 429, text: '' }],
  ['KMS broken', kmsError('KMSInternalException', '', 500)],
  ['a dependency slow', kmsError('com.amazonaws.kms#DependencyTimeoutException')],
  ['key material away', kmsError('KeyUnavailableException')],
  ["a proxy's page", { statusCode: 404, text: '<html>not here</html>' }],
  ['no JSON', { statusCode: 200, text: 'Plaintext' }],
  ['JSON of another kind', { statusCode: 200, text: '[1]' }],
  ['no key', { statusCode: 200, text: '{}' }],
  ['a short key', { statusCode: 200, text: '{"Plaintext":"AAAA","CiphertextBlob":"AAAA"}' }],
  ['no base64', { statusCode: 200, text: `{"Plaintext":"${'*'.repeat(44)}","CiphertextBlob":"AAAA"}` }],
];

for (const [name, trouble] of passing) {
  test(`what passes is waited for, and told as unavailable when it does not: ${name}`, async () => {
    const { keyring, other, kms, clock } = world();
    kms.troubles.push(trouble, trouble);
    const sealed = await settled(clock, keyring.seal(secret, to));
    const reader = other();
    kms.troubles.push(trouble, trouble);
    assert.equal(String(await settled(clock, reader.open(sealed, to))), 'secret');
    const later = other();
    kms.troubles.push(...Array.from({ length: kmsLimits.attemptsMax }, () => trouble));
    await failsAs(settled(clock, later.open(sealed, to)), 'unavailable', /KMS cannot Decrypt now/);
    assert.equal(kms.troubles.length, 0);
    // It was not remembered as damaged.
    assert.equal(String(await later.open(sealed, to)), 'secret');
  });
}

test('a data key of more bytes than KMS takes back is none', async () => {
  const Plaintext = Buffer.alloc(32).toString('base64');
  const CiphertextBlob = Buffer.alloc(kmsLimits.blobBytesMax + 1).toString('base64');
  const call: KmsCall = async () => ({
    kind: 'answered',
    statusCode: 200,
    text: JSON.stringify({ Plaintext, CiphertextBlob }),
  });
  const { keyring, clock } = world({ call });
  await failsAs(settled(clock, keyring.seal(secret, to)), 'unavailable', /without a key/);
});

test('what somebody has to mend is withheld, not damaged, and not tried again', async () => {
  const { keyring, other, kms } = world();
  const sealed = await keyring.seal(secret, to);
  for (const state of ['disabled', 'denied'] as const) {
    kms.set('one', state);
    await failsAs(
      other().open(sealed, to),
      'withheld',
      /KMS does not give the key \(Decrypt\): \w+Exception/,
    );
    await failsAs(keyring.seal(secret, to), 'withheld', /\(GenerateDataKey\)/);
  }
  kms.set('one', 'enabled');
  assert.equal(String(await other().open(sealed, to)), 'secret');
  const { keyring: lost } = world({ keyIds: ['gone'] }, kms);
  await failsAs(lost.seal(secret, to), 'withheld', /NotFoundException: Key 'gone' does not exist/);
  assert.equal(kms.asked.length, 7);
});

test('what KMS says of an error is fit for a log', async () => {
  const { keyring, kms } = world();
  kms.troubles.push(kmsError('AccessDeniedException', `\u001b[2J\n${'x'.repeat(10_000)}`));
  await assert.rejects(keyring.seal(secret, to), ({ message }: Error) => {
    assert.match(message, /^[\x20-\x7e]+$/);
    return message.length < 400;
  });
});

test('texts of earlier keys open, those of keys that nobody named do not', async () => {
  const { keyring: before, kms } = world();
  const sealed = await before.seal(secret, to);
  const { keyring: after } = world({ keyIds: ['two', 'one'] }, kms);
  assert.equal(String(await after.open(sealed, to)), 'secret');
  const { keyring: stranger } = world({ keyIds: ['two'] }, kms);
  await failsAs(stranger.open(sealed, to), 'withheld', /IncorrectKeyException/);
  assert.throws(() => world({ keyIds: [] }), /1 to 4 keys/);
  assert.throws(() => world({ keyIds: ['a', 'b', 'c', 'd', 'e'] }), /1 to 4 keys/);
});

test('a store moves from a local key to KMS and back: the first kind seals, both open', async () => {
  const { keys } = world();
  const local = { kind: 'local', masterKeys: [Buffer.alloc(32, 1)], entropy: seededEntropy(2) } as const;
  const [byLocal, byKms] = [openKeyring(local), openKeyring(keys)];
  const texts = [await byLocal.seal(secret, to), await byKms.seal(secret, to)];
  const moved = openKeyring({ kind: 'both', first: keys, second: local });
  const back = openKeyring({ kind: 'both', first: local, second: keys });
  for (const text of texts) {
    assert.equal(String(await moved.open(text, to)), 'secret');
    assert.equal(String(await back.open(text, to)), 'secret');
  }
  const [ofLocal = Buffer.alloc(0), ofKms = Buffer.alloc(0)] = texts;
  assert.deepEqual([moved.isCurrent(ofLocal), moved.isCurrent(ofKms)], [false, true]);
  assert.deepEqual([back.isCurrent(ofLocal), back.isCurrent(ofKms)], [true, false]);
  assert.equal(moved.isCurrent(await moved.seal(secret, to)), true);
  await failsAs(byKms.open(ofLocal, to), 'withheld', /a local master key/);
});

test('so many calls at once, so many that wait, and no more', async () => {
  const kms = new FakeKms('one');
  const held: (() => void)[] = [];
  let most = 0;
  const call: KmsCall = async (operation, input) => {
    most = Math.max(most, held.length + 1);
    await new Promise<void>((resolve) => void held.push(resolve));
    return kms.call(operation, input);
  };
  const { keyring } = world({ call }, kms);
  const { callsMax, callsWaitingMax } = kmsLimits;
  const work = Array.from({ length: callsMax + callsWaitingMax }, async () => keyring.seal(secret, to));
  await failsAs(keyring.seal(secret, to), 'overloaded');
  for (let ended = 0; ended < work.length;) {
    const now = held.splice(0);
    ended += now.length;
    for (const go of now) go();
    await new Promise(setImmediate);
  }
  await Promise.all(work);
  assert.equal(most, callsMax);
  const one = keyring.seal(secret, to);
  await new Promise(setImmediate);
  held.pop()?.();
  await one;
});

test('calls are signed, bounded in time and length, and reach nobody who is away', async (t) => {
  const kms = new FakeKms('one');
  let instead: 'answer' | 'stall' | 'flood' | 'cut' = 'answer';
  const clock = new FakeClock();
  const server = await openKmsServer(kms, (response) => {
    if (instead === 'stall') clock.advance(kmsLimits.callMsMax);
    if (instead === 'flood') response.end(Buffer.alloc(kmsLimits.answerBytesMax + 1, 'x'));
    if (instead === 'cut') response.destroy();
    return instead !== 'answer';
  });
  t.after(() => server.close());
  const calls = new SignedJsonCalls({
    ...kmsService,
    endpoint: server.endpoint,
    region: kmsRegion,
    clock,
  });
  t.after(() => calls.close());
  const call: KmsCall = (operation, input) => calls.call({ operation, input, keys: kmsCredentials });
  const { keyring, other } = world({ call, clock }, kms);
  const sealed = await keyring.seal(secret, to);
  assert.equal(String(await other().open(sealed, to)), 'secret');
  const wrong = { ...kmsCredentials, secretAccessKey: 'other' };
  const unsigned = world({
    clock,
    call: (operation, input) => calls.call({ operation, input, keys: wrong }),
  });
  await failsAs(unsigned.keyring.seal(secret, to), 'withheld', /InvalidSignatureException/);

  const outcome = async (): Promise<string> => {
    const answer = await call('Decrypt', {});
    return answer.kind === 'unanswered' ? answer.reason : `status ${answer.statusCode}`;
  };
  instead = 'stall';
  assert.match(await outcome(), /no answer in time/);
  instead = 'flood';
  assert.match(await outcome(), /more than 32768 bytes/);
  instead = 'cut';
  assert.match(await outcome(), /socket hang up|ECONNRESET/);
  await server.close();
  assert.match(await outcome(), /ECONNREFUSED|ECONNRESET|hang up/);
});
