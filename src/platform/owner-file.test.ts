/** Tests of files that only their owner can read, on a real file system. */
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
import { createOwnerFile, readOwnerFile } from './owner-file.ts';
import { seededEntropy } from './seeded-random.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-owner-file-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('the file and the directories that were missing are made for their owner only, and nothing else is left', async () => {
  const path = join(directory, 'deep', 'data', 'key');
  assert.equal(await createOwnerFile(path, 'text', seededEntropy(1)), 'made');
  assert.equal(readFileSync(path, 'utf8'), 'text');
  assert.deepEqual([modeOf(path), modeOf(join(directory, 'deep'))], [0o600, 0o700]);
  assert.deepEqual(readdirSync(join(directory, 'deep', 'data')), ['key']);
});

test('a file that is there is never replaced, and of many makers one makes it', async () => {
  const path = join(directory, 'key');
  const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`);
  const outcomes = await Promise.all(
    texts.map((text, index) => createOwnerFile(path, text, seededEntropy(index))),
  );
  assert.deepEqual(
    outcomes.filter((outcome) => outcome === 'made'),
    ['made'],
  );
  assert.equal(readFileSync(path, 'utf8'), texts[outcomes.indexOf('made')]);
  assert.deepEqual(readdirSync(directory), ['key']);
});

test('what cannot be made rejects, and leaves nothing', async () => {
  const inFile = join(directory, 'key', 'below');
  await createOwnerFile(join(directory, 'key'), 'text', seededEntropy(1));
  await assert.rejects(createOwnerFile(inFile, 'text', seededEntropy(2)), { code: 'EEXIST' });
  assert.deepEqual(readdirSync(directory), ['key']);
});

test('a file that others can read is refused as it is, whatever it holds', async () => {
  const path = join(directory, 'key');
  await createOwnerFile(path, 'text', seededEntropy(1));
  assert.equal(await readOwnerFile(path, 4), 'text');
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(path, mode);
    await assert.rejects(readOwnerFile(path, 4), { name: 'OperatorError', message: /can be read by others/ });
    assert.equal(modeOf(path), mode);
  }
});

test('what is not there, too long, or behind a link is not read', async () => {
  const path = join(directory, 'key');
  assert.equal(await readOwnerFile(path, 4), undefined);
  writeFileSync(path, 'longer', { mode: 0o600 });
  assert.equal(await readOwnerFile(path, 4), '');
  symlinkSync(path, join(directory, 'link'));
  await assert.rejects(readOwnerFile(join(directory, 'link'), 10), { code: 'ELOOP' });
});
