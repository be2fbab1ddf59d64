/** Manifests as plain HTTP clients put and read them, good and hostile ones. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { registryRig } from '../fixtures/rig.ts';
import { digestOf, someImage, someIndex } from '../fixtures/some-image.ts';

suite('manifests', () => {
  for (const form of ['oci', 'docker'] as const) {
    test(`an image and an index of ${form} come back as they were`, async () => {
      await using rig = await registryRig();
      const image = await someImage({ form });
      const index = someIndex([['amd64', image]], form);
      await rig.push('a/b', image.digest, image);
      const put = await rig.putManifest('a/b', 'v1', index);
      assert.deepEqual([put.status, put.headers.get('docker-content-digest')], [201, index.digest]);
      for (const [reference, manifest] of [
        [image.digest, image],
        ['v1', index],
        [index.digest, index],
      ] as const) {
        const read = await rig.call('GET', `/v2/a/b/manifests/${reference}`);
        assert.deepEqual([read.status, read.body], [200, manifest.manifest]);
        assert.equal(read.headers.get('content-type'), manifest.mediaType);
        const head = await rig.call('HEAD', `/v2/a/b/manifests/${encodeURIComponent(reference)}`);
        assert.equal(head.headers.get('docker-content-digest'), manifest.digest);
        assert.equal(head.headers.get('content-length'), String(manifest.manifest.length));
      }
    });
  }

  test('one that names what the repository does not have is refused', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    assert.equal((await rig.putManifest('a/b', 'v1', image)).code, 'MANIFEST_BLOB_UNKNOWN');
    for (const blob of image.blobs.values()) await rig.pushBlob('c/d', blob);
    assert.equal(
      (await rig.putManifest('a/b', 'v1', image)).code,
      'MANIFEST_BLOB_UNKNOWN',
      'elsewhere is not here',
    );
    const index = someIndex([['amd64', image]]);
    assert.equal((await rig.putManifest('a/b', 'v1', index)).code, 'MANIFEST_BLOB_UNKNOWN');
  });

  test('sizes and digests must be right', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    const lying = { ...(JSON.parse(image.manifest.toString()) as { layers: { size: number }[] }) };
    lying.layers = lying.layers.map((layer) => ({ ...layer, size: layer.size + 1 }));
    const manifest = Buffer.from(JSON.stringify(lying));
    assert.equal((await rig.putManifest('a/b', 'v2', { ...image, manifest })).code, 'MANIFEST_INVALID');
    const other = digestOf(Buffer.from('other'));
    assert.equal((await rig.putManifest('a/b', other, image)).code, 'DIGEST_INVALID');
  });

  test('hostile ones are refused, and nothing of ours breaks', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    const good = JSON.parse(image.manifest.toString()) as Record<string, unknown>;
    const config = good['config'] as Record<string, unknown>;
    const [layer] = good['layers'] as readonly Record<string, unknown>[];
    const index = { schemaVersion: 2, mediaType: someIndex([]).mediaType };
    for (const bad of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{}',
      { ...good, schemaVersion: 1 },
      { ...good, mediaType: 'application/vnd.docker.distribution.manifest.v1+json' },
      { ...good, mediaType: 7 },
      { ...good, config: undefined },
      { ...good, config: { ...config, digest: 'sha512:00' } },
      { ...good, config: { ...config, digest: 'sha256:../../../etc/passwd' } },
      { ...good, config: { ...config, size: -1 } },
      { ...good, config: { ...config, size: 1.5 } },
      { ...good, config: { ...config, size: '1' } },
      { ...good, layers: 'many' },
      { ...good, layers: [null] },
      { ...good, layers: Array.from({ length: 1000 }, () => layer) },
      { ...good, annotations: { a: 1 } },
      { ...good, subject: 'x' },
      { ...good, manifests: [] },
      { ...index, manifests: [{ ...layer, platform: 'linux' }] },
      { ...index, layers: [] },
      '['.repeat(100_000),
      `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
    ]) {
      const manifest =
        typeof bad === 'string'
          ? Buffer.from(bad)
          : Buffer.isBuffer(bad)
            ? bad
            : Buffer.from(JSON.stringify(bad));
      const { status, code } = await rig.putManifest('a/b', 'bad', { ...image, manifest });
      assert.deepEqual([status, code], [400, 'MANIFEST_INVALID'], String(manifest).slice(0, 200));
    }
    const large = { ...image, manifest: Buffer.alloc(5 * 2 ** 20, ' ') };
    assert.equal((await rig.putManifest('a/b', 'bad', large)).code, 'SIZE_INVALID');
    assert.equal((await rig.call('GET', '/v2/a/b/manifests/bad')).code, 'MANIFEST_UNKNOWN');
    assert.deepEqual(rig.faults, []);
  });

  test('what the header says and what the manifest says must agree', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    assert.equal((await rig.putManifest('a/b', 'v2', { ...image, mediaType })).code, 'MANIFEST_INVALID');
    const vague = await rig.putManifest('a/b', 'v2', {
      ...image,
      mediaType: 'application/json; charset=utf-8',
    });
    assert.equal(vague.status, 201);
  });

  test('DELETE of a tag leaves the manifest, DELETE of the digest takes its tags along', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    for (const tag of ['v2', 'v3']) await rig.putManifest('a/b', tag, image);
    assert.equal((await rig.call('DELETE', '/v2/a/b/manifests/v1')).status, 202);
    assert.equal((await rig.call('GET', '/v2/a/b/manifests/v1')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await rig.call('GET', '/v2/a/b/manifests/v2')).status, 200);
    assert.equal((await rig.call('DELETE', `/v2/a/b/manifests/${image.digest}`)).status, 202);
    assert.equal((await rig.call('GET', '/v2/a/b/manifests/v3')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await rig.call('DELETE', `/v2/a/b/manifests/${image.digest}`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await rig.call('DELETE', '/v2/no/where/manifests/v1')).code, 'NAME_UNKNOWN');
  });

  test('many who push at once all succeed', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v', image);
    const tags = Array.from({ length: 120 }, (_, index) => `v${index}`);
    const answers = await Promise.all(tags.map(async (tag) => rig.putManifest('a/b', tag, image)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
    assert.equal(((await rig.call('GET', '/v2/a/b/tags/list')).json()['tags'] as unknown[]).length, 121);
  });

  test('an image that an index needs stays', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    const index = someIndex([['amd64', image]]);
    await rig.push('a/b', image.digest, image);
    await rig.putManifest('a/b', 'v1', index);
    assert.equal((await rig.call('DELETE', `/v2/a/b/manifests/${image.digest}`)).code, 'DENIED');
    assert.equal((await rig.call('DELETE', `/v2/a/b/manifests/${index.digest}`)).status, 202);
    assert.equal((await rig.call('DELETE', `/v2/a/b/manifests/${image.digest}`)).status, 202);
  });

  test('what refers to an image is listed with it', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length };
    const signature = await someImage({
      manifest: { subject, artifactType: 'application/x.signature', annotations: { by: 'me' } },
    });
    for (const blob of signature.blobs.values()) await rig.pushBlob('a/b', blob);
    const put = await rig.putManifest('a/b', signature.digest, signature);
    assert.equal(put.headers.get('oci-subject'), image.digest);
    const { manifests } = (await rig.call('GET', `/v2/a/b/referrers/${image.digest}`)).json();
    assert.deepEqual(manifests, [
      {
        mediaType: signature.mediaType,
        digest: signature.digest,
        size: signature.manifest.length,
        artifactType: 'application/x.signature',
        annotations: { by: 'me' },
      },
    ]);
    const none = await rig.call('GET', `/v2/a/b/referrers/${image.digest}?artifactType=other`);
    assert.deepEqual(none.json()['manifests'], []);
    assert.equal(none.headers.get('oci-filters-applied'), 'artifactType');
    await rig.call('DELETE', `/v2/a/b/manifests/${signature.digest}`);
    assert.deepEqual((await rig.call('GET', `/v2/a/b/referrers/${image.digest}`)).json()['manifests'], []);
  });
});
