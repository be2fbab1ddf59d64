/** From an ImageUri of the own registry to a stored image, through the thread. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { problem } from '../fixtures/image-problems.ts';
import { imageSite } from '../fixtures/image-site.ts';
import { registryRig, type RegistryRig } from '../fixtures/rig.ts';
import { someImage, someIndex } from '../fixtures/some-image.ts';

const siteOf = (rig: RegistryRig, more = {}) =>
  imageSite({ registry: rig.registry, isOwn: (name) => name === `localhost:${rig.port}`, ...more });

suite('resolving', () => {
  test('a tag is pinned to its digest, and the config says how to run it', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const image = await someImage({ layers: [{ a: 'a' }, { b: 'b' }] });
    await rig.push('team/app', 'v1', image);
    const imageUri = `localhost:${rig.port}/team/app:v1`;
    const sizes = image.layers.map((digest) => image.blobs.get(digest)?.length ?? 0);
    assert.deepEqual(await site.source.resolve(imageUri, 'x86_64'), {
      imageUri,
      resolvedImageUri: `localhost:${rig.port}/team/app@${image.digest}`,
      digest: image.digest,
      compressedBytes: sizes.reduce((sum, size) => sum + size, 0),
      config: {
        entryPoint: ['/bootstrap'],
        command: ['app.handler'],
        workingDirectory: '/srv',
        environment: { A: '1', B: 'x=y' },
        user: '1000',
      },
    });
  });

  test("ECR's names of this account and region mean the own registry, and so does a digest", async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const image = await someImage();
    await rig.push('app', 'latest', image);
    for (const tail of ['app', 'app:latest', `app@${image.digest}`, `app:gone@${image.digest}`]) {
      const uri = `000000000000.dkr.ecr.us-east-1.amazonaws.com/${tail}`;
      const { digest, resolvedImageUri } = await site.source.resolve(uri, 'x86_64');
      assert.equal(digest, image.digest);
      assert.equal(resolvedImageUri, `000000000000.dkr.ecr.us-east-1.amazonaws.com/app@${image.digest}`);
    }
  });

  test('of an index the image of the architecture is taken', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const amd = await someImage({ layers: [{ a: 'amd' }] });
    const arm = await someImage({ layers: [{ a: 'arm' }], architecture: 'arm64' });
    await rig.push('app', amd.digest, amd);
    await rig.push('app', arm.digest, arm);
    await rig.putManifest(
      'app',
      'both',
      someIndex(
        [
          ['amd64', amd],
          ['arm64', arm],
        ],
        'docker',
      ),
    );
    await rig.putManifest('app', 'arm', someIndex([['arm64', arm]]));
    const uri = `localhost:${rig.port}/app`;
    assert.equal((await site.source.resolve(`${uri}:both`, 'x86_64')).digest, amd.digest);
    assert.equal((await site.source.resolve(`${uri}:both`, 'arm64')).digest, arm.digest);
    await assert.rejects(
      site.source.resolve(`${uri}:arm`, 'x86_64'),
      problem('InvalidImage', /has no image for linux and x86_64/),
    );
    await assert.rejects(
      site.source.resolve(`${uri}@${arm.digest}`, 'x86_64'),
      problem('InvalidImage', /it is for linux\/arm64/),
    );
  });

  test('what is not there, and what is no image, is told as such', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const uri = (name: string): string => `localhost:${rig.port}/${name}`;
    const image = await someImage({ config: { rootfs: { diff_ids: [] } } });
    await rig.push('app', 'no-layers', image);
    await rig.push('app', 'no-config', await someImage({ config: { os: 7 } }));
    const artifact = await someImage();
    const manifest = JSON.parse(artifact.manifest.toString()) as Record<string, Record<string, unknown>>;
    const other = { ...manifest, config: { ...manifest['config'], mediaType: 'application/x' } };
    await rig.push('app', 'artifact', artifact);
    await rig.putManifest('app', 'artifact', { ...artifact, manifest: Buffer.from(JSON.stringify(other)) });
    for (const [name, code, message] of [
      [uri('app:none'), 'ImageDeleted', /^Source image \S+ does not exist\. Provide a valid source image\.$/],
      [uri('none:v1'), 'ImageDeleted', /does not exist/],
      [uri(`app@sha256:${'0'.repeat(64)}`), 'ImageDeleted', /does not exist/],
      [uri('app:no-layers'), 'InvalidImage', /same number of layers/],
      [uri('app:no-config'), 'InvalidImage', /names no os/],
      [uri('app:artifact'), 'InvalidImage', /layer media type for the source image \S+ is not supported\.$/],
      [uri('UPPER:v1'), 'InvalidImage', /not of the form/],
      [uri('app@sha256:12'), 'InvalidImage', /not of the form/],
      ['', 'InvalidImage', /not of the form/],
      [`${uri('app')}:${'v'.repeat(2000)}`, 'InvalidImage', /not of the form/],
    ] as const) {
      await assert.rejects(site.source.resolve(name, 'x86_64'), problem(code, message), name);
    }
  });
});

suite('storing', () => {
  for (const compression of ['gzip', 'zstd', 'none'] as const) {
    test(`layers of ${compression} become the image that they always become`, async () => {
      await using rig = await registryRig();
      await using site = siteOf(rig);
      const image = await someImage({
        compression,
        layers: [{ a: Buffer.alloc(3_000_000, 'abc'), b: 'b' }, { 'dir/c': Buffer.alloc(700_000, 1) }],
      });
      await rig.push('app', 'v1', image);
      const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
      const { imageId, unpackedBytes } = await site.source.store(resolved, 'function f');
      assert.equal(imageId, await site.expected(image));
      assert.equal(unpackedBytes, 3_700_001);
      assert.deepEqual(await site.references(imageId), ['function f']);
      assert.ok((await (await site.open(imageId)).read(0, 4096)).length === 4096);
    });
  }

  test('an image of no layers is an empty file system', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const image = await someImage({ layers: [] });
    await rig.push('app', 'v1', image);
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    assert.equal((await site.source.store(resolved, 'f')).imageId, await site.expected(image));
  });

  test('an image that is stored is not stored again, and goes with its last reference', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    await rig.push('app', 'v1', await someImage());
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    const first = await site.source.store(resolved, 'f');
    const { length } = await site.blobs.list('');
    assert.deepEqual(await site.source.store(resolved, 'g'), first);
    assert.deepEqual(await site.source.store(resolved, 'g'), first);
    assert.equal((await site.blobs.list('')).length, length);
    assert.equal(site.told.filter((message) => message === 'imported an image').length, 1);
    assert.deepEqual(await site.references(first.imageId), ['f', 'g']);
    await site.source.release(first.imageId, 'f');
    assert.ok(await site.images.has('000000000000', first.imageId));
    await site.source.release(first.imageId, 'g');
    assert.ok(!(await site.images.has('000000000000', first.imageId)));
    assert.deepEqual((await site.documents.list('registry/imported/')).documents, []);
    assert.deepEqual(await site.source.store(resolved, 'h'), first, 'made anew');
    assert.deepEqual(await site.references(first.imageId), ['h']);
  });

  test('many who want the same image at once make it once', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    await rig.push('app', 'v1', await someImage());
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    const names = Array.from({ length: 8 }, (_, index) => `f${index}`);
    const stored = await Promise.all(names.map(async (name) => site.source.store(resolved, name)));
    assert.equal(new Set(stored.map(({ imageId }) => imageId)).size, 1);
    assert.deepEqual(await site.references(stored[0]?.imageId ?? ''), names);
    assert.equal(site.told.filter((message) => message === 'imported an image').length, 1);
  });

  test('layers that are not what their digests say leave nothing that counts', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const image = await someImage();
    const wrong = await someImage({
      config: { rootfs: { diff_ids: [`sha256:${'1'.repeat(64)}`] } },
    });
    await rig.push('app', 'v1', wrong);
    await rig.push('app', 'v2', image);
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    await assert.rejects(
      site.source.store(resolved, 'f'),
      problem('InvalidImage', /digest of a layer's archive/),
    );
    assert.deepEqual((await site.documents.list('images/manifests/')).documents, []);
    assert.deepEqual((await site.documents.list('registry/imported/')).documents, []);
  });

  test('layers that are no archives are told in words', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const good = await someImage();
    const junk = Buffer.from('x'.repeat(5000));
    const manifest = JSON.parse(good.manifest.toString()) as { layers: object[] };
    const digest = await rig.pushBlob('app', junk);
    manifest.layers = [{ ...manifest.layers[0], digest, size: junk.length }];
    await rig.push('app', 'v0', good);
    await rig.putManifest('app', 'v1', { ...good, manifest: Buffer.from(JSON.stringify(manifest)) });
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    await assert.rejects(
      site.source.store(resolved, 'f'),
      problem('InvalidImage', /^Source image \S+ is not valid: /),
    );
  });

  test('an image that went away after it was resolved is told as deleted', async () => {
    await using rig = await registryRig();
    await using site = siteOf(rig);
    const image = await someImage();
    await rig.push('app', 'v1', image);
    const resolved = await site.source.resolve(`localhost:${rig.port}/app:v1`, 'x86_64');
    await rig.call('DELETE', `/v2/app/manifests/${image.digest}`);
    await assert.rejects(site.source.store(resolved, 'f'), problem('ImageDeleted', /does not exist/));
  });
});
