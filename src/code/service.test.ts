/** The code store on a real directory: what is on the disk after storing, unpacking, using, evicting, and crashing. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { memoryBlobs } from '#engines/memory';
import { zipOf, type Part } from './fixtures/zip.ts';
import { archivePath, codeOfArchivePath } from './archive-path.ts';
import { openCodeStore, type OpenCodeStore } from './service.ts';
import type { StoreOutcome } from './store.ts';

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-code-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function stored(
  store: OpenCodeStore,
  parts: readonly Part[],
): Promise<StoreOutcome & { kind: 'stored' }> {
  const outcome = await store.store(zipOf(parts));
  assert.ok(outcome.kind === 'stored');
  return outcome;
}

async function unpacked(
  store: OpenCodeStore,
  code: (StoreOutcome & { kind: 'stored' })['code'],
): Promise<{ directory: string; release: () => void }> {
  const outcome = await store.unpack(code);
  assert.ok(outcome.kind === 'ready', JSON.stringify(outcome));
  return outcome;
}

const digestOf = (code: { readonly sha256: string }): string =>
  Buffer.from(code.sha256, 'base64').toString('hex');
const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

test('an archive is kept under its digest and can be read back', async (t) => {
  const blobs = memoryBlobs();
  const store = openCodeStore({ blobs, directory: scratch(t) });
  const archive = zipOf([{ name: 'index.mjs', content: 'hello' }]);
  const outcome = await store.store(archive);
  assert.ok(outcome.kind === 'stored');
  assert.equal(outcome.unpackedBytes, 5);
  assert.equal(outcome.code.sizeBytes, archive.length);
  assert.deepEqual(Buffer.from((await blobs.get(outcome.code.blobKey)) ?? []), archive);
  assert.deepEqual(await store.store(archive), outcome);
  assert.deepEqual(
    (await blobs.list('')).map(({ key }) => key),
    [outcome.code.blobKey],
  );
  const parsed = codeOfArchivePath(archivePath(outcome.code));
  assert.equal(parsed?.blobKey, outcome.code.blobKey);
  assert.equal(codeOfArchivePath('/code/../secret.zip'), undefined);
});

test('a refused archive is told in the words of AWS and leaves nothing', async (t) => {
  const blobs = memoryBlobs();
  const store = openCodeStore({ blobs, directory: scratch(t) });
  assert.deepEqual(await store.store(Buffer.from('not a zip')), {
    kind: 'refused',
    reason: 'invalid',
    message: 'Could not unzip uploaded file. Please check your file, then try to upload again.',
  });
  assert.deepEqual(await store.store(zipOf([{ name: 'a', content: 'x', claimedBytes: 262_144_000 }])), {
    kind: 'refused',
    reason: 'too-large',
    message: 'Unzipped size must be smaller than 262144000 bytes',
  });
  assert.equal((await store.store(zipOf([]))).kind, 'refused');
  assert.equal((await store.store(Buffer.alloc(52_428_801))).kind, 'refused');
  assert.deepEqual(await blobs.list(''), []);
});

test('unpacking makes a tree that can be read and run but not written', async (t) => {
  const directory = scratch(t);
  const store = openCodeStore({ blobs: memoryBlobs(), directory });
  const { code } = await stored(store, [
    { name: 'index.mjs', content: 'hello', mode: 0o100600 },
    { name: 'bin/tool', content: '#!/bin/sh\n', mode: 0o104755 },
    { name: 'bin/t', content: 'tool', mode: 0o120777 },
    { name: 'deep/er/large', content: Buffer.alloc(1_000_000, 9) },
  ]);
  const tree = await unpacked(store, code);
  assert.equal(tree.directory, join(directory, digestOf(code)));
  assert.equal(readFileSync(join(tree.directory, 'index.mjs'), 'utf8'), 'hello');
  assert.equal(readFileSync(join(tree.directory, 'deep/er/large')).length, 1_000_000);
  assert.equal(readlinkSync(join(tree.directory, 'bin/t')), 'tool');
  assert.deepEqual(
    ['', 'index.mjs', 'bin', 'bin/tool', 'deep/er', 'deep/er/large'].map((path) =>
      mode(join(tree.directory, path)),
    ),
    ['755', '444', '755', '555', '755', '444'],
  );
  tree.release();
});

test('concurrent calls share the work and the tree, and each holds it for itself', async (t) => {
  const directory = scratch(t);
  const store = openCodeStore({ blobs: memoryBlobs(), directory, treesBytesMax: 0 });
  const { code } = await stored(store, [{ name: 'a', content: 'x' }]);
  const trees = await Promise.all([1, 2, 3].map(() => unpacked(store, code)));
  const path = trees[0]?.directory ?? '';
  assert.equal(new Set(trees.map((tree) => tree.directory)).size, 1);
  trees[0]?.release();
  trees[0]?.release(); // once is enough, twice does no harm
  trees[1]?.release();
  await store.close();
  assert.ok(existsSync(path), 'somebody still uses it');
  trees[2]?.release();
  await store.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('the tree that was used longest ago goes first, and comes back when asked for', async (t) => {
  const directory = scratch(t);
  const store = openCodeStore({ blobs: memoryBlobs(), directory, treesBytesMax: 10_000 }); // room for two
  const codes = await Promise.all(
    ['a', 'b', 'c'].map(async (content) => (await stored(store, [{ name: 'f', content }])).code),
  );
  const use = async (index: number): Promise<void> => {
    const code = codes[index];
    assert.ok(code);
    (await unpacked(store, code)).release();
  };
  for (const index of [0, 1, 0, 2]) await use(index);
  await store.close();
  const there = (): boolean[] => codes.map((code) => existsSync(join(directory, digestOf(code))));
  assert.deepEqual(there(), [true, false, true]);
  await use(1);
  await store.close();
  assert.deepEqual(there(), [false, true, true]);
});

test('a later run uses complete trees of this boot and sweeps everything else', async (t) => {
  const directory = scratch(t);
  const blobs = memoryBlobs();
  const first = openCodeStore({ blobs, directory });
  const whole = await stored(first, [{ name: 'd/f', content: 'whole' }]);
  const half = await stored(first, [{ name: 'd/f', content: 'half' }]);
  const old = await stored(first, [{ name: 'd/f', content: 'old' }]);
  for (const { code } of [whole, half, old]) await unpacked(first, code);
  // As a kill -9 or a power failure would leave it:
  rmSync(join(directory, `${digestOf(half.code)}.complete`));
  writeFileSync(join(directory, `${digestOf(old.code)}.complete`), 'another-boot 8195\n');
  mkdirSync(join(directory, '.making-1-1/d'), { recursive: true });
  writeFileSync(join(directory, '.making-1-1/d/f'), 'x');
  chmodSync(join(directory, '.making-1-1/d'), 0o500);
  writeFileSync(join(directory, `${'0'.repeat(64)}.complete`), 'x 1\n');

  const second = openCodeStore({ blobs, directory });
  await second.close();
  assert.deepEqual(readdirSync(directory).sort(), [digestOf(whole.code), `${digestOf(whole.code)}.complete`]);
  for (const { code } of [whole, half, old]) await unpacked(second, code);
});

test('sweeping the leftovers never follows a link out of them', async (t) => {
  const directory = scratch(t);
  const outside = scratch(t);
  writeFileSync(join(outside, 'precious'), 'x');
  mkdirSync(join(directory, '.making-1-1'));
  symlinkSync(outside, join(directory, '.making-1-1/out'));
  await openCodeStore({ blobs: memoryBlobs(), directory }).close();
  assert.deepEqual(readdirSync(directory), []);
  assert.deepEqual(readdirSync(outside), ['precious']);
});

test('code that is missing or damaged in the store is broken, and the next try starts afresh', async (t) => {
  const blobs = memoryBlobs();
  const directory = scratch(t);
  const store = openCodeStore({ blobs, directory });
  const archive = zipOf([{ name: 'a', content: 'x' }]);
  const { code } = await stored(store, [{ name: 'a', content: 'x' }]);
  await blobs.delete(code.blobKey);
  assert.equal((await store.unpack(code)).kind, 'broken');
  await blobs.putIfAbsent(code.blobKey, Buffer.concat([archive, Buffer.from('x')]));
  assert.equal((await store.unpack(code)).kind, 'broken');
  await blobs.delete(code.blobKey);
  await blobs.putIfAbsent(code.blobKey, archive);
  await unpacked(store, code);
  await store.close();
  assert.deepEqual(readdirSync(directory).sort(), [digestOf(code), `${digestOf(code)}.complete`]);
});

test('sweeping the store deletes exactly what nobody refers to', async (t) => {
  const blobs = memoryBlobs();
  const store = openCodeStore({ blobs, directory: scratch(t) });
  const kept = await stored(store, [{ name: 'a', content: 'kept' }]);
  await stored(store, [{ name: 'a', content: 'gone' }]);
  await blobs.putIfAbsent('elsewhere/x', Buffer.from('x'));
  assert.equal(await store.sweep(new Set([kept.code.blobKey])), 1);
  assert.deepEqual(
    (await blobs.list('')).map(({ key }) => key),
    [kept.code.blobKey, 'elsewhere/x'],
  );
});

test('an archive that unpacks to more than it claims is refused while it is unpacked', async (t) => {
  const store = openCodeStore({ blobs: memoryBlobs(), directory: scratch(t) });
  // Zeros pack a thousand to one.
  const bomb = zipOf([{ name: 'zeros', content: Buffer.alloc(20_000_000), claimedBytes: 1_000_000 }]);
  assert.equal((await store.store(bomb)).kind, 'refused');
});
