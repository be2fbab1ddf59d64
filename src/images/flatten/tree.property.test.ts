/** Random layers: e2fsck finds nothing, and a mount shows what GNU tar makes of them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { dumpTree, checked, flattened, mountedTree, noMounts, workspace } from '../fixtures/image.ts';
import { makeLayers, someLayers, unpackLayers } from '../fixtures/some-layers.ts';

const options = { numRuns: Number(process.env['LAMBKIN_IMAGE_RUNS'] ?? 25), endOnFailure: false };

test(
  'a mounted image shows the tree that GNU tar unpacks from the same layers',
  { skip: noMounts },
  async () => {
    await fc.assert(
      fc.asyncProperty(someLayers, async (steps) => {
        const { path, remove } = workspace();
        try {
          const layers = makeLayers(steps);
          const { bytes } = await flattened(layers.map(({ archive }) => archive));
          const image = join(path, 'image');
          writeFileSync(image, bytes);
          assert.equal(checked(image), '');
          unpackLayers(layers, path);
          assert.deepEqual(mountedTree(image, join(path, 'mount')), dumpTree(join(path, 'tree')));
        } finally {
          remove();
        }
      }),
      options,
    );
  },
);

test('the same layers give the same bytes, however their streams are cut', async () => {
  await fc.assert(
    fc.asyncProperty(someLayers, fc.integer({ min: 1, max: 5000 }), async (steps, pieceBytes) => {
      const archives = makeLayers(steps).map(({ archive }) => archive);
      const cut = archives.map((whole) => ({
        open: async function* () {
          for (let at = 0; at < whole.length; at += pieceBytes) yield whole.subarray(at, at + pieceBytes);
        },
      }));
      const [first, second] = [await flattened(archives), await flattened(cut)];
      assert.ok(first.bytes.equals(second.bytes));
    }),
    { numRuns: 10 },
  );
});
