/** Layers with any bytes changed: an image that e2fsck finds sound, or a refusal; and what is stored is read back. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { FakeClock, seededEntropy } from '#platform';
import { withChecksum } from '../fixtures/archive-bytes.ts';
import { checked, flattened, layerOf, noChecks, workspace } from '../fixtures/image.ts';
import { makeLayers, someLayers } from '../fixtures/some-layers.ts';
import { ChunkSource, flatten, ImageRefusal, ImageStore, openKeyring } from '../index.ts';
import { chunkBytes } from '../limits.ts';

test('layers with any bytes changed are refused, or make a sound image', { skip: noChecks }, async () => {
  const { path, remove } = workspace();
  const change = fc.record({ at: fc.nat(), value: fc.nat(255), mend: fc.boolean() });
  let sound = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        someLayers,
        fc.array(change, { minLength: 1, maxLength: 6 }),
        async (steps, changes) => {
          const archives = makeLayers(steps).map(({ archive }) => Buffer.from(archive));
          for (const { at, value, mend } of changes) {
            const archive = archives[at % archives.length];
            if (archive === undefined) continue;
            archive[at % archive.length] = value;
            // So that what follows the checksum is reached as well.
            const block = archive.subarray((at % archive.length) & ~511).subarray(0, 512);
            if (mend && block.toString('latin1', 257, 262) === 'ustar') withChecksum(block);
          }
          try {
            const { bytes } = await flattened(archives);
            writeFileSync(join(path, 'image'), bytes);
            assert.equal(checked(join(path, 'image')), '');
            sound += 1;
          } catch (error) {
            assert.ok(error instanceof ImageRefusal, String(error));
          }
        },
      ),
      { numRuns: Number(process.env['LAMBKIN_IMAGE_RUNS'] ?? 60) },
    );
  } finally {
    remove();
  }
  assert.ok(sound > 5, `${sound} sound images`);
});

test('an image that is uploaded is read back byte by byte, and once more stores nothing', async () => {
  const entropy = seededEntropy(5);
  const store = new ImageStore({
    documents: memoryDocuments(),
    blobs: memoryBlobs(),
    clock: new FakeClock(),
    entropy,
    keyring: openKeyring({ kind: 'local', masterKeys: [entropy.bytes(32)], entropy }),
  });
  await fc.assert(
    fc.asyncProperty(someLayers, async (steps) => {
      const layers = makeLayers(steps).map(({ archive }) => archive);
      const { bytes } = await flattened(layers);
      const upload = async (): ReturnType<ImageStore['upload']> =>
        store.upload({
          account: '123456789012',
          reference: 'function',
          produce: async (sink) =>
            flatten(
              layers.map((layer) => layerOf(layer)),
              sink,
            ),
        });
      const { image, sizeBytes } = await upload();
      assert.equal(sizeBytes, bytes.length);
      const reader = await store.open(
        '123456789012',
        image,
        new ChunkSource({ memoryBytesMax: 4 * chunkBytes, tiers: [] }),
      );
      assert.ok((await reader?.read(0, sizeBytes))?.equals(bytes));
      const again = await upload();
      assert.deepEqual([again.image, again.stored], [image, 0]);
    }),
    { numRuns: 8 },
  );
});
