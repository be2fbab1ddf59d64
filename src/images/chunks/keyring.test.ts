/** Sealed texts open only as what they are, for whom they are; chunks and manifests keep their forms. */
import assert from 'node:assert/strict';
import { createDecipheriv, createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { seededEntropy } from '#platform';
import { chunkBytes } from '../limits.ts';
import { ChunkError } from './errors.ts';
import { openKeyring } from './keyring.ts';
import { decodeManifest, encodeManifest } from './manifest.ts';
import { nameOf, openChunk, sealChunk } from './seal.ts';

const entropy = seededEntropy(1);
const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const to = { owner: '123456789012', purpose: 'manifest abc' };
const sealedError = (error: unknown): boolean => error instanceof ChunkError && error.reason === 'sealed';

test('a sealed text opens for its owner and purpose only, and never when a byte differs', async () => {
  const keyring = openKeyring({ kind: 'local', masterKeys: [one], entropy });
  const sealed = await keyring.seal(Buffer.from('secret'), to);
  assert.equal(String(await keyring.open(sealed, to)), 'secret');
  await assert.rejects(keyring.open(sealed, { ...to, owner: '210987654321' }), sealedError);
  await assert.rejects(keyring.open(sealed, { ...to, purpose: 'manifest abd' }), sealedError);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(keyring.open(changed, to), sealedError, `byte ${at}`);
    await assert.rejects(keyring.open(sealed.subarray(0, at), to), sealedError, `up to ${at}`);
  }
});

test('a new master key seals, the old one still opens what it sealed', async () => {
  const before = openKeyring({ kind: 'local', masterKeys: [one], entropy });
  const after = openKeyring({ kind: 'local', masterKeys: [two, one], entropy });
  assert.equal(String(await after.open(await before.seal(Buffer.from('a'), to), to)), 'a');
  await assert.rejects(before.open(await after.seal(Buffer.from('a'), to), to), sealedError);
});

test('a text of keys that are not configured is not taken for a damaged one', async () => {
  const keyring = openKeyring({ kind: 'local', masterKeys: [one], entropy });
  await assert.rejects(
    keyring.open(Buffer.concat([Buffer.from('LKK1'), Buffer.alloc(99)]), to),
    (error) =>
      error instanceof ChunkError && error.reason === 'withheld' && /a key of KMS/.test(error.message),
  );
});

test('a chunk is sealed as the format says', () => {
  const salt = Buffer.from('salt');
  const chunk = Buffer.alloc(chunkBytes, 'x');
  const { name, key, ciphertext } = sealChunk(salt, chunk);
  assert.ok(key.equals(createHash('sha256').update(salt).update(chunk).digest()));
  assert.equal(name, createHash('sha256').update(ciphertext).digest('hex'));
  assert.equal(name, nameOf(ciphertext));
  const plain = createDecipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(ciphertext);
  assert.ok(plain.equals(chunk) && openChunk(key, ciphertext).equals(chunk));
  assert.notEqual(sealChunk(Buffer.from('other'), chunk).name, name);
});

test('a manifest is read as it was written, and any other bytes are refused', () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  const chunks = fc
    .uniqueArray(fc.record({ index: fc.nat(99), name: hex, key: hex }), { selector: ({ index }) => index })
    .map((list) => list.map(({ name, ...rest }) => ({ ...rest, name: name.toString('hex') })));
  fc.assert(
    fc.property(chunks, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, at, change) => {
      const manifest = { sizeBytes: 100 * chunkBytes, chunks: list.toSorted((a, b) => a.index - b.index) };
      const bytes = encodeManifest(manifest);
      assert.deepEqual(decodeManifest(bytes), manifest);
      assert.throws(() => decodeManifest(bytes.subarray(0, -1)), sealedError);
      const changed = Buffer.from(bytes);
      changed[at % 20] = (changed[at % 20] ?? 0) ^ change;
      try {
        assert.notDeepEqual(decodeManifest(changed), manifest);
      } catch (error) {
        assert.ok(sealedError(error) || !(error instanceof assert.AssertionError), String(error));
      }
    }),
  );
});
