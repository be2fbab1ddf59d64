/** Signed archives: what is verified, and that nothing about a signed archive can be changed unnoticed. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readArchive } from './archive.ts';
import { Contents } from './contents.ts';
import { type Part, zipOf } from './fixtures/zip.ts';
import { manifestPath, readSignature, signaturePath } from './signed-archive.ts';

const profile = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/release/0123456789';
const pair = generateKeyPairSync('ed25519');
const keys = new Map([[profile, pair.publicKey]]);

const parts: readonly Part[] = [
  { name: 'index.mjs', content: 'export const handler = () => 1;', mode: 0o100644 },
  { name: 'bin/', mode: 0o040755 },
  { name: 'bin/run', content: '#!/bin/sh\n', mode: 0o100755 },
  { name: 'latest', content: 'bin/run', mode: 0o120777 },
];

const digest = (content: Part['content']): string =>
  createHash('sha256')
    .update(content ?? '')
    .digest('hex');

const entryLine = ({ name, content, mode = 0 }: Part): string => {
  const kind = (mode & 0o170000) === 0o120000 ? 'l' : (mode & 0o111) === 0 ? 'f' : 'x';
  return `${kind} ${digest(content)} ${name}\n`;
};

const headOf = (...lines: string[]): string => ['lambkin-signature 1', ...lines, '', ''].join('\n');

const manifestOf = (files: readonly Part[], head = headOf(`profile ${profile}`)): string =>
  head +
  files
    .filter(({ name }) => !name.endsWith('/'))
    .map(entryLine)
    .join('');

function signed(
  files: readonly Part[],
  manifest = manifestOf(files),
  key: KeyObject = pair.privateKey,
  algorithm: string | null = null,
): Buffer {
  const signature = sign(algorithm, Buffer.from(manifest), key);
  return zipOf([
    ...files,
    { name: manifestPath, content: manifest },
    { name: signaturePath, content: signature },
  ]);
}

test('an archive without the two files is unsigned, one with both is verified', async () => {
  assert.deepEqual(await readSignature(zipOf(parts), keys), { kind: 'unsigned' });
  assert.deepEqual(await readSignature(signed(parts), keys), {
    kind: 'verified',
    profileVersionArn: profile,
  });
  const job = 'arn:aws:signer:us-east-1:000000000000:/signing-jobs/1';
  const head = headOf(`profile ${profile}`, `job ${job}`, 'expires 2030-01-01T00:00:00Z');
  assert.deepEqual(await readSignature(signed(parts, manifestOf(parts, head)), keys), {
    kind: 'verified',
    profileVersionArn: profile,
    jobArn: job,
    expiresAtMs: Date.parse('2030-01-01T00:00:00Z'),
  });
});

test('keys of elliptic curves verify too', async () => {
  for (const namedCurve of ['P-256', 'P-384', 'P-521']) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const archive = signed(parts, manifestOf(parts), privateKey, 'sha256');
    const { kind } = await readSignature(archive, new Map([[profile, publicKey]]));
    assert.equal(kind, 'verified', namedCurve);
  }
});

test('a profile without a key is told', async () => {
  assert.deepEqual(await readSignature(signed(parts), new Map()), {
    kind: 'unknown-profile',
    profileVersionArn: profile,
  });
});

const [index, directory, run, link] = parts as readonly [Part, Part, Part, Part];
const changes: Readonly<Record<string, readonly Part[]>> = {
  'a file with other content': [{ ...index, content: 'evil' }, directory, run, link],
  'a file more': [...parts, { name: 'evil.mjs', content: '' }],
  'a file less': [directory, run, link],
  'a file under another name': [{ ...index, name: 'evil.mjs' }, directory, run, link],
  'a file that became executable': [{ ...index, mode: 0o100755 }, directory, run, link],
  'a link elsewhere': [index, directory, run, { ...link, content: 'index.mjs' }],
  'a link that became a file': [index, directory, run, { ...link, mode: 0o100644 }],
  'a file twice, another missing': [index, index, directory, run],
  'a file beside the manifest': [...parts, { name: 'META-INF/lambkin/more', content: '' }],
};

for (const [what, files] of Object.entries(changes)) {
  test(`what was signed does not verify with ${what}`, async () => {
    assert.equal((await readSignature(signed(files, manifestOf(parts)), keys)).kind, 'broken');
  });
}

const kindOf = async (archive: Buffer): Promise<string> => (await readSignature(archive, keys)).kind;

test('a signature of another key, or half of a signature, is broken', async () => {
  const other = generateKeyPairSync('ed25519').privateKey;
  assert.equal(await kindOf(signed(parts, manifestOf(parts), other)), 'broken');
  const manifest = { name: manifestPath, content: manifestOf(parts) };
  assert.equal(await kindOf(zipOf([...parts, manifest])), 'broken');
  assert.equal(await kindOf(zipOf([...parts, { name: signaturePath, content: 'x' }])), 'broken');
  const large = { name: signaturePath, content: 'x'.repeat(1_025) };
  assert.equal(await kindOf(zipOf([...parts, manifest, large])), 'broken');
});

test('a manifest that is not written as it should be is broken, whoever signed it', async () => {
  const good = manifestOf(parts);
  const manifests = [
    '',
    good.replace('signature 1', 'signature 2'),
    good.replace(/^profile.*\n/m, ''),
    good.replace('\n\n', '\n'),
    good.slice(0, -1),
    `${good}${entryLine(index)}`,
    `${good}f 00 short\n`,
    good.replace('\n\n', '\nexpires never\n\n'),
    good.replace('\n\n', '\nexpires 2030-13-01T00:00:00Z\n\n'),
  ];
  for (const manifest of manifests) {
    assert.equal((await readSignature(signed(parts, manifest), keys)).kind, 'broken', manifest);
  }
});

/** Every path with what is there, read without looking at signatures. */
async function treeOf(archive: Buffer): Promise<readonly string[]> {
  const contents = new Contents();
  return (await readArchive(archive))
    .filter(({ kind }) => kind !== 'directory')
    .map((entry) => {
      const text = Buffer.from(contents.whole(entry)).toString('latin1');
      return `${entry.kind} ${String(entry.executable && entry.kind === 'file')} ${entry.path} ${text}`;
    });
}

test('an archive with a changed byte does not verify, unless the byte says nothing of its files', async () => {
  const archive = signed(parts);
  const tree = await treeOf(archive);
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: archive.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, bits) => {
        const flipped = Buffer.from(archive);
        flipped.writeUInt8((flipped[at] ?? 0) ^ bits, at);
        if ((await kindOf(flipped)) === 'verified') assert.deepEqual(await treeOf(flipped), tree);
      },
    ),
    { numRuns: 500 },
  );
});
