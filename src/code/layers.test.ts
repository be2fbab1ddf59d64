/** Layers laid over each other on a real directory. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import type { CodeRecord } from '#metadata';
import { memoryBlobs } from '#engines/memory';
import { type Part, zipOf } from './fixtures/zip.ts';
import { openCodeStore, type OpenCodeStore } from './service.ts';

const link = (name: string, content: string): Part => ({ name, content, mode: 0o120777 });

function open(t: TestContext, treesBytesMax?: number): { store: OpenCodeStore; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-layers-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const store = openCodeStore({
    blobs: memoryBlobs(),
    directory,
    ...(treesBytesMax !== undefined && { treesBytesMax }),
  });
  return { store, directory };
}

async function stored(store: OpenCodeStore, parts: readonly Part[]): Promise<CodeRecord> {
  const outcome = await store.store(zipOf(parts));
  assert.ok(outcome.kind === 'stored', JSON.stringify(outcome));
  return outcome.code;
}

async function merged(store: OpenCodeStore, layers: readonly CodeRecord[]) {
  const outcome = await store.unpackLayers(layers);
  assert.ok(outcome.kind === 'ready', JSON.stringify(outcome));
  return outcome;
}

const trees = (directory: string): number =>
  readdirSync(directory).filter((name) => /^[0-9a-f]{64}$/.test(name)).length;

test('later layers win, directories become one, modes and links stay', async (t) => {
  const { store } = open(t);
  const first = await stored(store, [
    { name: 'bin/tool', content: 'old', mode: 0o100755 },
    { name: 'lib/only-first', content: '1' },
    { name: 'becomes-file/inside', content: 'x' },
    { name: 'becomes-directory', content: 'x' },
    link('current', 'lib/only-first'),
    link('gone', 'bin'),
  ]);
  const second = await stored(store, [
    { name: 'bin/tool', content: 'new', mode: 0o100755 },
    { name: 'lib/only-second', content: '2' },
    { name: 'becomes-file', content: 'file' },
    { name: 'becomes-directory/inside', content: 'y' },
    { name: 'gone', content: 'no link any more' },
  ]);
  const { directory } = await merged(store, [first, second]);
  const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
  assert.equal(read('bin/tool'), 'new');
  assert.equal(lstatSync(join(directory, 'bin/tool')).mode & 0o777, 0o555);
  assert.deepEqual([read('lib/only-first'), read('lib/only-second')], ['1', '2']);
  assert.deepEqual([read('becomes-file'), read('becomes-directory/inside')], ['file', 'y']);
  assert.equal(readlinkSync(join(directory, 'current')), 'lib/only-first');
  assert.equal(read('gone'), 'no link any more');

  const other = await merged(store, [second, first]);
  assert.equal(readFileSync(join(other.directory, 'bin/tool'), 'utf8'), 'old');
  assert.notEqual(other.directory, directory);
});

test('who has the same layers shares one tree, which goes once nobody uses it and room is short', async (t) => {
  const { store, directory } = open(t, 1);
  const layers = [
    await stored(store, [{ name: 'a', content: 'a' }]),
    await stored(store, [{ name: 'b', content: 'b' }]),
  ];
  const [one, two] = await Promise.all([merged(store, layers), merged(store, layers)]);
  assert.equal(one.directory, two.directory);
  await store.close();
  assert.equal(trees(directory), 1, 'the trees that it was made of are not in use');
  assert.deepEqual(readdirSync(one.directory).toSorted(), ['a', 'b'], 'and it outlives them');
  one.release();
  assert.ok(existsSync(two.directory));
  two.release();
  await store.close();
  assert.equal(trees(directory), 0);
  assert.deepEqual(readdirSync((await merged(store, layers)).directory).toSorted(), ['a', 'b']);
});

test('one layer alone is its own tree', async (t) => {
  const { store, directory } = open(t);
  const layer = await stored(store, [{ name: 'a', content: 'a' }]);
  const unpacked = await store.unpack(layer);
  assert.ok(unpacked.kind === 'ready');
  assert.equal((await merged(store, [layer])).directory, unpacked.directory);
  assert.equal(trees(directory), 1);
});

test('links of several layers that only together lead outside are refused', async (t) => {
  const { store, directory } = open(t);
  const up = await stored(store, [link('up', 'a/b/../../x'), { name: 'x', content: '' }]);
  const shortcut = await stored(store, [link('a', '.'), { name: 'b', content: '' }]);
  const outcome = await store.unpackLayers([up, shortcut]);
  assert.ok(outcome.kind === 'broken');
  assert.match(outcome.message, /leads outside/);
  await store.close();
  assert.equal(trees(directory), 2, 'nothing of it is left');
});

test('a layer that is missing in the store is broken, and the others are let go', async (t) => {
  const { store, directory } = open(t, 1);
  const there = await stored(store, [{ name: 'a', content: 'a' }]);
  const missing = { sha256: Buffer.alloc(32).toString('base64'), blobKey: 'code/none', sizeBytes: 1 };
  assert.deepEqual(await store.unpackLayers([there, missing]), {
    kind: 'broken',
    message: 'the code archive is missing from the store',
  });
  await store.close();
  assert.equal(trees(directory), 0);
});

test('any layers give what a plain overlay gives', async (t) => {
  const { store } = open(t);
  const names = fc.constantFrom('a', 'b', 'a/b', 'a/c', 'b/a', 'b/a/c', 'c');
  const layer = fc
    .uniqueArray(names, { minLength: 1, maxLength: 4 })
    // Nothing stands below a file of the same archive.
    .map((paths) => paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`))));
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 5 }), async (layers) => {
      const expected = new Map<string, string>();
      for (const [index, paths] of layers.entries()) {
        for (const path of paths) {
          for (const known of expected.keys()) {
            if (known.startsWith(`${path}/`) || path.startsWith(`${known}/`)) expected.delete(known);
          }
          expected.set(path, String(index));
        }
      }
      const codes = [];
      for (const [index, paths] of layers.entries()) {
        codes.push(
          await stored(
            store,
            paths.map((name) => ({ name, content: String(index) })),
          ),
        );
      }
      const { directory, release } = await merged(store, codes);
      const found = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
      assert.deepEqual(found.toSorted(), [...expected.keys()].toSorted());
      for (const [path, content] of expected) {
        assert.equal(readFileSync(join(directory, path), 'utf8'), content);
      }
      release();
    }),
    { numRuns: 60 },
  );
});
