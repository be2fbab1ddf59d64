/** Tests of files that only their owner can read, on a real file system. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createOwnerFile } from './owner-file.ts';
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
