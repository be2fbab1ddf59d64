/** The file of signing profiles: what is read from it, and what is refused rather than read half. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readSigningProfiles, signingProfilesFileName } from './signing-profiles.ts';

const arn = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/release/0123456789';
const pem = { type: 'spki', format: 'pem' } as const;

function directoryWith(t: TestContext, content?: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-profiles-'));
  t.after(() => rmSync(directory, { recursive: true }));
  if (content !== undefined) writeFileSync(join(directory, signingProfilesFileName), content);
  return directory;
}

test('without the file there are no profiles', async (t) => {
  assert.deepEqual(await readSigningProfiles(directoryWith(t)), { kind: 'read', keys: new Map() });
});

test('keys are read by the ARN of their profile', async (t) => {
  const ed25519 = generateKeyPairSync('ed25519').publicKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const file = { [arn]: ed25519.export(pem), [`${arn}x`]: curve.export(pem) };
  const read = await readSigningProfiles(directoryWith(t, JSON.stringify(file)));
  assert.ok(read.kind === 'read');
  assert.deepEqual([...read.keys.keys()], [arn, `${arn}x`]);
  assert.ok(read.keys.get(arn)?.equals(ed25519));
});

test('a file that is not as it should be is refused, and the reason told', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export(pem);
  const secret = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const contents = [
    '',
    '[]',
    'null',
    '{"x":1}',
    JSON.stringify({ [arn]: 'no key' }),
    JSON.stringify({ [arn]: rsa }),
    JSON.stringify({ [arn]: secret }),
    ' '.repeat(1024 * 1024 + 1),
  ];
  for (const content of contents) {
    const read = await readSigningProfiles(directoryWith(t, content));
    assert.ok(read.kind === 'refused', content.slice(0, 40));
    assert.match(read.message, /signing-profiles\.json: ./);
  }
});
