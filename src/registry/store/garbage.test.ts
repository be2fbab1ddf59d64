/** What is collected, and above all what is not. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import type { Documents } from '#platform';
import { registryRig } from '../fixtures/rig.ts';
import { digestOf, someImage, someIndex } from '../fixtures/some-image.ts';
import { registryLimits } from '../limits.ts';

const dayMs = 24 * 3_600_000;
const bytes = Buffer.from('a blob that nobody names');

suite('garbage', () => {
  test('an upload that nobody goes on with is collected, with its pieces', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    await rig.call('PATCH', location, { body: bytes });
    rig.clock.advance(registryLimits.uploadIdleMs - 1000);
    assert.deepEqual(await rig.registry.collect(), { uploads: 0, links: 0, contents: 0, blobs: 0 });
    await rig.call('PATCH', location, { body: bytes });
    rig.clock.advance(registryLimits.uploadIdleMs - 1000);
    assert.equal((await rig.registry.collect()).uploads, 0, 'somebody went on with it');
    rig.clock.advance(1000);
    assert.deepEqual(await rig.registry.collect(), { uploads: 1, links: 0, contents: 0, blobs: 2 });
    assert.equal((await rig.call('GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.deepEqual(await rig.blobs.list(''), []);
  });

  test('a blob that no manifest names is collected a day after its last use', async () => {
    await using rig = await registryRig();
    const digest = await rig.pushBlob('a/b', bytes);
    rig.clock.advance(dayMs - 1000);
    assert.equal((await rig.call('HEAD', `/v2/a/b/blobs/${digest}`)).status, 200);
    rig.clock.advance(dayMs - 1000);
    assert.deepEqual(await rig.registry.collect(), { uploads: 0, links: 0, contents: 0, blobs: 0 });
    rig.clock.advance(1000);
    assert.deepEqual(await rig.registry.collect(), { uploads: 0, links: 1, contents: 1, blobs: 0 });
    assert.equal((await rig.call('HEAD', `/v2/a/b/blobs/${digest}`)).status, 404);
    assert.deepEqual(await rig.blobs.list(''), []);
  });

  test('what a manifest names stays for as long as the manifest, in every repository for itself', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    const index = someIndex([['amd64', image]]);
    await rig.push('a/b', image.digest, image);
    await rig.putManifest('a/b', 'v1', index);
    await rig.push('c/d', 'v1', image);
    const { length } = await rig.blobs.list('');
    rig.clock.advance(10 * dayMs);
    await rig.registry.collect();
    assert.equal((await rig.blobs.list('')).length, length);
    await rig.call('DELETE', `/v2/a/b/manifests/${index.digest}`);
    await rig.call('DELETE', `/v2/a/b/manifests/${image.digest}`);
    rig.clock.advance(2 * dayMs);
    assert.deepEqual(await rig.registry.collect(), { uploads: 0, links: 4, contents: 1, blobs: 0 });
    for (const digest of image.blobs.keys()) {
      assert.equal((await rig.call('GET', `/v2/a/b/blobs/${digest}`)).status, 404);
      assert.equal((await rig.call('GET', `/v2/c/d/blobs/${digest}`)).status, 200);
    }
    await rig.operate('DeleteRepository', { repositoryName: 'c/d', force: true });
    rig.clock.advance(2 * dayMs);
    await rig.registry.collect();
    assert.deepEqual(await rig.blobs.list(''), []);
    assert.deepEqual(
      (await rig.documents.list('registry/')).documents.map(({ key }) => key),
      ['registry/repositories/a/b'],
    );
  });

  test('pieces that a crash left are collected, those of uploads that go on are not', async () => {
    await using rig = await registryRig();
    await rig.blobs.putIfAbsent('registry/uploads/00000000-0000-4000-8000-000000000000/0-x', bytes);
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    await rig.call('PATCH', location, { body: bytes });
    assert.deepEqual(await rig.registry.collect(), { uploads: 0, links: 0, contents: 0, blobs: 1 });
    const { status } = await rig.call('PUT', `${location}?digest=${digestOf(bytes)}`);
    assert.equal(status, 201);
    assert.equal((await rig.registry.collect()).blobs, 0);
  });

  test('collects by itself now and then', async () => {
    await using rig = await registryRig();
    await rig.call('POST', '/v2/a/b/blobs/uploads/');
    rig.registry.start();
    rig.clock.advance(registryLimits.uploadIdleMs + registryLimits.collectIntervalMs);
    for (let turns = 0; turns < 100; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      rig.clock.advance(registryLimits.collectIntervalMs);
    }
    assert.deepEqual((await rig.documents.list('registry/uploads/')).documents, []);
    assert.deepEqual(rig.faults, []);
  });

  /**
   * A push of an image whose blobs are old and unnamed goes on while garbage is collected, with the collector's steps before every commit of the push:
   * either the manifest is refused, or all that it names is there.
   */
  test('a manifest counts only with everything that it names, whenever garbage is collected', async () => {
    const image = await someImage({ layers: [{ a: 'a' }, { b: 'b' }] });
    const outcomes = new Set<number>();
    for (let at = 0; at < 12; at += 1) {
      const documents = memoryDocuments();
      let commits = -1;
      let collect: (() => Promise<unknown>) | undefined;
      const watched: Documents = {
        get: (key) => documents.get(key),
        list: (...given) => documents.list(...given),
        watch: (...given) => documents.watch(...given),
        async commit(writes) {
          if (commits >= 0 && commits++ === at) await collect?.();
          return documents.commit(writes);
        },
      };
      await using rig = await registryRig({ documents: watched });
      for (const blob of image.blobs.values()) await rig.pushBlob('a/b', blob);
      rig.clock.advance(2 * dayMs);
      collect = () => rig.registry.collect();
      commits = 0;
      const { status, code } = await rig.putManifest('a/b', 'v1', image);
      commits = -1;
      outcomes.add(status);
      if (status !== 201) assert.equal(code, 'MANIFEST_BLOB_UNKNOWN');
      await rig.registry.collect();
      for (const digest of image.blobs.keys()) {
        const { status: blob } = await rig.call('GET', `/v2/a/b/blobs/${digest}`);
        assert.equal(blob, status === 201 ? 200 : 404);
      }
    }
    assert.deepEqual(outcomes, new Set([404, 201]), 'both came about');
  });
});
