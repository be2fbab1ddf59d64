/** The files engine under the contract of its port, and what is its own: leftovers, reopening, foreign files. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StoreUnavailableError, seededEntropy } from '#platform';
import { blobsContract } from '../../contract/blobs.ts';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { openFileBlobs } from './index.ts';

blobsContract('files', async () => {
  const directory = temporaryDirectory();
  const blobs = await openFileBlobs(join(directory.path, 'new'), { entropy: seededEntropy(1) });
  return { blobs, close: async () => directory.remove() };
});

const body = Uint8Array.of(1, 2, 3);

test('files: reopening shows what was stored, and sweeps what was being written', async () => {
  const { path, remove } = temporaryDirectory();
  const before = await openFileBlobs(path, { entropy: seededEntropy(1) });
  await before.putIfAbsent('a/B', body);
  writeFileSync(join(path, 'tmp', 'left'), 'half');
  mkdirSync(join(path, 'tmp', 'odd'));
  const after = await openFileBlobs(path, { entropy: seededEntropy(2) });
  assert.deepEqual(await after.list(''), [{ key: 'a/B', sizeBytes: 3 }]);
  assert.deepEqual([...((await after.get('a/B')) ?? [])], [...body]);
  assert.deepEqual(readdirSync(join(path, 'tmp')), []);
  remove();
});

test('files: neither a stored, a present nor a failed blob leaves a temporary file', async () => {
  const { path, remove } = temporaryDirectory();
  const blobs = await openFileBlobs(path, { entropy: seededEntropy(1) });
  await Promise.all([1, 2, 3].map(async () => blobs.putIfAbsent('a', body)));
  async function* failing(): AsyncGenerator<Uint8Array, void> {
    yield body;
    assert.equal(readdirSync(join(path, 'tmp')).length, 1, 'it is being written there');
    throw new Error('stop');
  }
  await assert.rejects(blobs.putIfAbsent('b', failing()), { message: 'stop' });
  assert.deepEqual(readdirSync(join(path, 'tmp')), []);
  remove();
});

test('files: foreign files among the blobs are not listed', async () => {
  const { path, remove } = temporaryDirectory();
  const blobs = await openFileBlobs(path, { entropy: seededEntropy(1) });
  await blobs.putIfAbsent('a', body);
  for (const name of ['.DS_Store', 'README', 'x=@', 'UPPER@', '@'])
    writeFileSync(join(path, 'blobs', name), '');
  mkdirSync(join(path, 'blobs', 'directory@'));
  assert.deepEqual(
    (await blobs.list('')).map(({ key }) => key),
    ['a'],
  );
  remove();
});

test('files: errors of the file system come as StoreUnavailableError with their code', async () => {
  const { path, remove } = temporaryDirectory();
  writeFileSync(join(path, 'file'), '');
  await assert.rejects(
    openFileBlobs(join(path, 'file', 'below'), { entropy: seededEntropy(1) }),
    (error) =>
      error instanceof StoreUnavailableError && error.reason === 'failed' && error.code === 'ENOTDIR',
  );
  remove();
});
