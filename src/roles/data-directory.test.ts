/** The directory of all state, where it can be made and where it cannot. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataDirectory } from './data-directory.ts';

function room(context: { after: (work: () => void) => void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-test-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('it is made with its parents, for this user only, and may be there already', async (context) => {
  const directory = join(room(context), 'a', 'b');
  await openDataDirectory(directory);
  await openDataDirectory(directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('two that start at once both have it', async (context) => {
  const directory = join(room(context), 'a', 'b', 'c');
  await Promise.all([openDataDirectory(directory), openDataDirectory(directory)]);
});

test('a place where no directory can ever be made is an error at once', async () => {
  await assert.rejects(openDataDirectory('/proc/lambkin/data'), { code: /ENOENT|EACCES|EROFS/ });
});

test('a file in its place or on the way is an error', async (context) => {
  const file = join(room(context), 'file');
  writeFileSync(file, '');
  await assert.rejects(openDataDirectory(file), { code: 'EEXIST' });
  await assert.rejects(openDataDirectory(join(file, 'data')), { code: 'ENOTDIR' });
});

test(
  'one that cannot be written is an error that says so',
  { skip: process.getuid?.() === 0 && 'root may write everywhere' },
  async (context) => {
    const directory = join(room(context), 'read-only');
    mkdirSync(directory);
    chmodSync(directory, 0o500);
    await assert.rejects(openDataDirectory(directory), { code: 'EACCES' });
  },
);
