/** Tests of the root key's file, on a real file system. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { RootKey } from '#identity';
import { seededEntropy } from '#platform';
import { rootKeyFile, rootKeyFileName } from './root-key-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-root-key-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function key(secretAccessKey: string): RootKey {
  return {
    accessKeyId: 'AKIALAMBKINTESTROOT1',
    secretAccessKey,
    masterSecret: Buffer.alloc(32, 1).toString('base64'),
  };
}

const first = key('first-first-first');
const second = key('second-second-second');

test('a key is kept, readable by its owner only, with nothing else left behind', async () => {
  const data = join(directory, 'deep', 'data');
  const file = rootKeyFile(data, seededEntropy(1));
  assert.equal(await file.read(), undefined);
  assert.deepEqual(await file.create(first), first);
  assert.deepEqual(await file.read(), first);
  assert.equal(statSync(join(data, rootKeyFileName)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(data), [rootKeyFileName]);
});

test('a key that is there is never replaced', async () => {
  const file = rootKeyFile(directory, seededEntropy(1));
  await file.create(first);
  const before = readFileSync(join(directory, rootKeyFileName), 'utf8');
  assert.deepEqual(await file.create(second), first);
  assert.equal(readFileSync(join(directory, rootKeyFileName), 'utf8'), before);
  assert.deepEqual(readdirSync(directory), [rootKeyFileName]);
});

test('of many that start at the same time one wins, and all get its key', async () => {
  const created = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      rootKeyFile(directory, seededEntropy(index)).create(key(`secret-of-starter-${index}`)),
    ),
  );
  assert.equal(new Set(created.map(({ secretAccessKey }) => secretAccessKey)).size, 1);
  assert.deepEqual(await rootKeyFile(directory, seededEntropy(1)).read(), created[0]);
});

test('a key that others could read is refused until its rights are narrowed, and never replaced', async () => {
  const path = join(directory, rootKeyFileName);
  const file = rootKeyFile(directory, seededEntropy(1));
  await file.create(first);
  for (const mode of [0o644, 0o640, 0o604, 0o660]) {
    chmodSync(path, mode);
    const told = { name: 'OperatorError', message: /root-key\.json can be read by others; make it 0600/ };
    await assert.rejects(file.read(), told);
    await assert.rejects(file.create(second), told);
    assert.equal(statSync(path).mode & 0o777, mode, 'it is the operator who narrows them');
  }
  chmodSync(path, 0o600);
  assert.deepEqual(await file.read(), first);
});

test('a file that holds no key is an error that names it, and is left as it is', async () => {
  const path = join(directory, rootKeyFileName);
  const file = rootKeyFile(directory, seededEntropy(1));
  for (const text of [
    '',
    '{',
    '{}',
    'null',
    JSON.stringify({ ...first, masterSecret: '' }),
    ' '.repeat(5000),
  ]) {
    writeFileSync(path, text, { mode: 0o600 });
    const told = { name: 'OperatorError', message: /root-key\.json holds no root key/ };
    await assert.rejects(file.read(), told);
    await assert.rejects(file.create(second), told);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('a link in the place of the key is not followed', async () => {
  const elsewhere = join(directory, 'elsewhere.json');
  writeFileSync(elsewhere, JSON.stringify(first));
  symlinkSync(elsewhere, join(directory, rootKeyFileName));
  await assert.rejects(rootKeyFile(directory, seededEntropy(1)).read(), { code: 'ELOOP' });
});
