/** The distribution API as plain HTTP clients meet it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { basicOf, registryRig, root, user } from '../fixtures/rig.ts';
import { digestOf, someImage, someIndex } from '../fixtures/some-image.ts';

const bytes = Buffer.from('some bytes of a layer');
const digest = digestOf(bytes);

suite('who it is', () => {
  test('without or with wrong credentials the answer is a challenge', async () => {
    await using rig = await registryRig();
    for (const as of [
      'nobody' as const,
      { id: root.id, secret: 'wrong' },
      { id: 'AKIANOBODY', secret: root.secret },
      { id: 'AWS', secret: 'x.y' },
      { id: 'AWS', secret: '' },
      { authorization: 'Bearer x' },
      { authorization: 'Basic !!!' },
      { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
    ]) {
      const { status, headers, code } = await rig.call('GET', '/v2/', { as });
      assert.deepEqual([status, code], [401, 'UNAUTHORIZED']);
      assert.match(headers.get('www-authenticate') ?? '', /^Basic realm="http:\/\/127\.0\.0\.1:\d+\/"/);
    }
  });

  test('a key and its secret open the registry, in any case of the scheme', async () => {
    await using rig = await registryRig();
    assert.equal((await rig.call('GET', '/v2/')).status, 200);
    assert.equal((await rig.call('GET', '/v2/', { as: user })).status, 200);
    const authorization = basicOf(root.id, root.secret).replace('Basic', 'bAsIc');
    assert.equal((await rig.call('GET', '/v2/', { as: { authorization } })).status, 200);
  });

  test('a refused upload of a large body is answered', async () => {
    await using rig = await registryRig();
    const body = Buffer.alloc(300_000);
    const { status } = await rig.call('POST', '/v2/a/b/blobs/uploads/', { as: 'nobody', body });
    assert.equal(status, 401);
  });
});

suite('uploads', () => {
  test('begin and end', async () => {
    await using rig = await registryRig();
    const begun = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    assert.equal(begun.status, 202);
    const location = begun.headers.get('location') ?? '';
    const ended = await rig.call('PUT', `${location}?digest=${digest}`, { body: bytes });
    assert.equal(ended.status, 201);
    assert.equal(ended.headers.get('docker-content-digest'), digest);
    assert.equal(ended.headers.get('location'), `/v2/a/b/blobs/${digest}`);
    const read = await rig.call('GET', `/v2/a/b/blobs/${digest}`);
    assert.deepEqual([read.status, read.body], [200, bytes]);
    assert.equal((await rig.call('GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('all at once', async () => {
    await using rig = await registryRig();
    const { status } = await rig.call('POST', `/v2/a/b/blobs/uploads/?digest=${digest}`, { body: bytes });
    assert.equal(status, 201);
    assert.deepEqual((await rig.call('GET', `/v2/a/b/blobs/${digest}`)).body, bytes);
  });

  test('an empty blob is one', async () => {
    await using rig = await registryRig();
    const empty = digestOf(Buffer.alloc(0));
    await rig.pushBlob('a/b', Buffer.alloc(0));
    const read = await rig.call('GET', `/v2/a/b/blobs/${empty}`);
    assert.deepEqual([read.status, read.body.length], [200, 0]);
  });

  test('in pieces, with a look at how far it is, and a wrong piece in between', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    const piece = async (start: number, end: number, range = `${start}-${end - 1}`) =>
      rig.call('PATCH', location, {
        body: bytes.subarray(start, end),
        headers: { 'content-range': range },
      });
    const first = await piece(0, 5);
    assert.deepEqual([first.status, first.headers.get('range')], [202, '0-4']);
    const wrong = await piece(7, 9);
    assert.deepEqual([wrong.status, wrong.headers.get('range')], [416, '0-4']);
    assert.equal((await piece(5, 9, '5-20')).code, 'SIZE_INVALID');
    assert.equal((await piece(5, 9, 'five-eight')).code, 'BLOB_UPLOAD_INVALID');
    const state = await rig.call('GET', location);
    assert.deepEqual([state.status, state.headers.get('range')], [204, '0-4']);
    assert.equal((await piece(5, 9)).status, 202);
    const rest = bytes.subarray(9);
    const range = { 'content-range': `9-${bytes.length - 1}` };
    const ended = await rig.call('PUT', `${location}?digest=${digest}`, { body: rest, headers: range });
    assert.equal(ended.status, 201);
    assert.deepEqual((await rig.call('GET', `/v2/a/b/blobs/${digest}`)).body, bytes);
    const part = await rig.call('GET', `/v2/a/b/blobs/${digest}`, { headers: { range: 'bytes=3-10' } });
    assert.deepEqual([part.status, part.body], [206, bytes.subarray(3, 11)]);
    assert.equal(part.headers.get('content-range'), `bytes 3-10/${bytes.length}`);
  });

  test('in a stream of unknown length', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    async function* stream(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 4);
      yield bytes.subarray(4);
    }
    assert.equal((await rig.call('PATCH', location, { body: stream() })).status, 202);
    assert.equal((await rig.call('PUT', `${location}?digest=${digest}`)).status, 201);
    assert.deepEqual((await rig.call('GET', `/v2/a/b/blobs/${digest}`)).body, bytes);
  });

  test('go on after a restart, when no hash is in memory', async () => {
    await using before = await registryRig();
    const { headers } = await before.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    await before.call('PATCH', location, { body: bytes.subarray(0, 4) });
    await using after = await registryRig({ documents: before.documents, blobs: before.blobs });
    assert.equal((await after.call('GET', location)).headers.get('range'), '0-3');
    await after.call('PATCH', location, { body: bytes.subarray(4) });
    assert.equal((await after.call('PUT', `${location}?digest=${digest}`)).status, 201);
  });

  test('a wrong digest ends the upload and leaves nothing', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    const wrong = digestOf(Buffer.from('other'));
    assert.equal((await rig.call('PUT', `${location}?digest=${wrong}`, { body: bytes })).code, 'DIGEST_INVALID');
    assert.equal((await rig.call('GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.equal((await rig.call('HEAD', `/v2/a/b/blobs/${wrong}`)).status, 404);
    const once = await rig.call('POST', `/v2/a/b/blobs/uploads/?digest=${wrong}`, { body: bytes });
    assert.equal(once.code, 'DIGEST_INVALID');
    assert.deepEqual(await rig.blobs.list(''), []);
    assert.deepEqual((await rig.documents.list('registry/uploads/')).documents, []);
  });

  test('an upload that is cancelled is gone, with what it brought', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    await rig.call('PATCH', location, { body: bytes });
    assert.equal((await rig.call('DELETE', location)).status, 204);
    assert.equal((await rig.call('PATCH', location, { body: bytes })).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.deepEqual(await rig.blobs.list(''), []);
  });

  test('an upload belongs to its repository', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const stolen = (headers.get('location') ?? '').replace('/a/b/', '/c/d/');
    assert.equal((await rig.call('PUT', `${stolen}?digest=${digest}`, { body: bytes })).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.equal((await rig.call('GET', '/v2/a/b/blobs/uploads/no-uuid')).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('bounds of size and number hold', async () => {
    await using rig = await registryRig({ limits: { blobBytesMax: 10, uploadsMax: 2, uploadPartsMax: 2 } });
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    assert.equal((await rig.call('PATCH', location, { body: bytes })).code, 'SIZE_INVALID');
    assert.equal((await rig.call('PATCH', location, { body: 'a' })).status, 202);
    assert.equal((await rig.call('PATCH', location, { body: 'b' })).status, 202);
    assert.equal((await rig.call('PATCH', location, { body: 'c' })).code, 'SIZE_INVALID');
    await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const third = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    assert.deepEqual([third.status, third.code], [429, 'TOOMANYREQUESTS']);
  });

  test('a blob is taken from another repository by whoever may read it there', async () => {
    await using rig = await registryRig({
      may: (principal, _action, repository) => principal.kind === 'root' || repository !== 'secret/x',
    });
    await rig.pushBlob('secret/x', bytes);
    const path = `/v2/a/b/blobs/uploads/?mount=${digest}&from=secret/x`;
    const refused = await rig.call('POST', path, { as: user });
    assert.equal(refused.status, 202, 'an upload begins instead');
    assert.equal((await rig.call('HEAD', `/v2/a/b/blobs/${digest}`)).status, 404);
    const mounted = await rig.call('POST', path);
    assert.equal(mounted.status, 201);
    assert.deepEqual((await rig.call('GET', `/v2/a/b/blobs/${digest}`, { as: user })).body, bytes);
    const missing = digestOf(Buffer.from('missing'));
    assert.equal((await rig.call('POST', `/v2/a/b/blobs/uploads/?mount=${missing}&from=secret/x`)).status, 202);
  });

  test('equal content is kept once', async () => {
    await using rig = await registryRig();
    await rig.pushBlob('a/b', bytes);
    await rig.pushBlob('c/d', bytes);
    await rig.pushBlob('a/b', bytes);
    assert.equal((await rig.blobs.list('')).length, 1);
  });

  test('of two requests on one upload one is refused', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 4);
      arrived.resolve();
      await gate.promise;
      yield bytes.subarray(4);
    }
    const first = rig.call('PATCH', location, { body: slow() });
    await arrived.promise;
    for (;;) {
      const second = await rig.call('PATCH', location, { body: 'x', headers: { 'content-range': '99-99' } });
      // Until the first one has come as far as the upload itself.
      if (second.code === 'BLOB_UPLOAD_INVALID') break;
      assert.equal(second.status, 416);
    }
    gate.resolve();
    assert.equal((await first).status, 202);
  });
});

suite('blobs', () => {
  test('ranges at the edges', async () => {
    await using rig = await registryRig();
    await rig.pushBlob('a/b', bytes);
    const path = `/v2/a/b/blobs/${digest}`;
    const size = bytes.length;
    for (const [range, status, expected] of [
      ['bytes=0-', 206, bytes],
      [`bytes=${size - 1}-`, 206, bytes.subarray(-1)],
      ['bytes=-3', 206, bytes.subarray(-3)],
      ['bytes=-999', 206, bytes],
      ['bytes=2-999', 206, bytes.subarray(2)],
      ['bytes=5-2', 200, bytes],
      ['bytes=0-1,3-4', 200, bytes],
      ['lines=1-2', 200, bytes],
    ] as const) {
      const read = await rig.call('GET', path, { headers: { range } });
      assert.deepEqual([read.status, read.body], [status, expected], range);
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0']) {
      const read = await rig.call('GET', path, { headers: { range } });
      assert.deepEqual([read.status, read.headers.get('content-range')], [416, `bytes */${size}`], range);
    }
    const head = await rig.call('HEAD', path);
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(size)]);
  });

  test('a blob is of the repositories that have it, and goes with DELETE unless a manifest needs it', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v1', image);
    const [layer = ''] = image.layers;
    assert.equal((await rig.call('GET', `/v2/c/d/blobs/${layer}`)).code, 'BLOB_UNKNOWN');
    assert.equal((await rig.call('DELETE', `/v2/a/b/blobs/${layer}`)).code, 'UNSUPPORTED');
    await rig.pushBlob('a/b', bytes);
    assert.equal((await rig.call('DELETE', `/v2/a/b/blobs/${digest}`)).status, 202);
    assert.equal((await rig.call('DELETE', `/v2/a/b/blobs/${digest}`)).code, 'BLOB_UNKNOWN');
  });
});

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
    assert.equal((await rig.putManifest('a/b', 'v1', image)).code, 'MANIFEST_BLOB_UNKNOWN', 'elsewhere is not here');
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
        typeof bad === 'string' ? Buffer.from(bad) : Buffer.isBuffer(bad) ? bad : Buffer.from(JSON.stringify(bad));
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
    const vague = await rig.putManifest('a/b', 'v2', { ...image, mediaType: 'application/json; charset=utf-8' });
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

suite('lists', () => {
  test('tags come in pages', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('a/b', 'v0', image);
    const tags = ['Latest', 'a', 'b-1', 'b.1', 'v1', 'v10', 'v2'];
    for (const tag of tags) await rig.putManifest('a/b', tag, image);
    const all = [...tags, 'v0'].toSorted();
    assert.deepEqual((await rig.call('GET', '/v2/a/b/tags/list')).json(), { name: 'a/b', tags: all });
    const found: string[] = [];
    for (let path: string | undefined = '/v2/a/b/tags/list?n=3'; path !== undefined;) {
      const page = await rig.call('GET', path);
      found.push(...(page.json()['tags'] as readonly string[]));
      path = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    assert.deepEqual(found, all);
    assert.deepEqual((await rig.call('GET', '/v2/a/b/tags/list?n=0')).json()['tags'], []);
    assert.deepEqual((await rig.call('GET', '/v2/a/b/tags/list?last=v1')).json()['tags'], ['v10', 'v2']);
    assert.equal((await rig.call('GET', '/v2/a/b/tags/list?n=x')).status, 405);
    assert.equal((await rig.call('GET', '/v2/a/none/tags/list')).code, 'NAME_UNKNOWN');
  });

  test('repositories come in pages', async () => {
    await using rig = await registryRig();
    for (const name of ['b', 'a/b', 'a']) await rig.operate('CreateRepository', { repositoryName: `x/${name}` });
    assert.deepEqual((await rig.call('GET', '/v2/_catalog')).json(), { repositories: ['x/a', 'x/a/b', 'x/b'] });
    const page = await rig.call('GET', '/v2/_catalog?n=2');
    assert.match(page.headers.get('link') ?? '', /last=x%2Fa%2Fb/);
  });
});

suite('what is no request', () => {
  test('names, tags, digests and methods are checked', async () => {
    await using rig = await registryRig();
    for (const [method, path, status, code] of [
      ['GET', '/v2/UPPER/manifests/v1', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%2f..%2fb/manifests/v1', 400, 'NAME_INVALID'],
      ['GET', '/v2/a/%ff/manifests/v1', 400, 'NAME_INVALID'],
      ['GET', `/v2/${'a/'.repeat(200)}b/manifests/v1`, 400, 'NAME_INVALID'],
      ['GET', '/v2/a/manifests/-v1', 400, 'TAG_INVALID'],
      ['GET', `/v2/a/manifests/${'v'.repeat(129)}`, 400, 'TAG_INVALID'],
      ['GET', '/v2/a/manifests/sha256:12', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/blobs/sha256:12', 400, 'DIGEST_INVALID'],
      ['GET', `/v2/a/blobs/sha512:${'0'.repeat(128)}`, 400, 'DIGEST_INVALID'],
      ['PUT', '/v2/a/blobs/uploads/x', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/nothing', 405, 'UNSUPPORTED'],
      ['POST', '/v2/', 405, 'UNSUPPORTED'],
      ['PUT', '/v2/a/tags/list', 405, 'UNSUPPORTED'],
      ['POST', '/v2/a/manifests/v1', 405, 'UNSUPPORTED'],
      ['PUT', `/v2/a/blobs/${digest}`, 405, 'UNSUPPORTED'],
      ['GET', '/v2/a/blobs/uploads/', 405, 'UNSUPPORTED'],
    ] as const) {
      const answer = await rig.call(method, path);
      assert.deepEqual([answer.status, answer.code], [status, code], `${method} ${path}`);
    }
    assert.deepEqual(rig.faults, []);
  });

  test('a repository may be called like a part of the API', async () => {
    await using rig = await registryRig();
    const image = await someImage();
    await rig.push('blobs/uploads/manifests', 'list', image);
    assert.equal((await rig.call('GET', '/v2/blobs/uploads/manifests/manifests/list')).status, 200);
    assert.equal((await rig.call('GET', '/v2/blobs/uploads/manifests/tags/list')).status, 200);
  });
});

suite('permissions', () => {
  test('every request asks for what ECR asks for', async () => {
    await using rig = await registryRig();
    const image = await someImage({ layers: [{ a: 'a' }] });
    await rig.push('a/b', 'v1', image);
    await rig.call('HEAD', `/v2/a/b/blobs/${image.config}`);
    await rig.call('GET', `/v2/a/b/blobs/${image.config}`);
    await rig.call('GET', '/v2/a/b/manifests/v1');
    await rig.call('GET', '/v2/a/b/tags/list');
    await rig.call('DELETE', '/v2/a/b/manifests/v1');
    assert.deepEqual([...new Set(rig.asked)], [
      'InitiateLayerUpload a/b',
      'CreateRepository a/b',
      'CompleteLayerUpload a/b',
      'PutImage a/b',
      'BatchCheckLayerAvailability a/b',
      'GetDownloadUrlForLayer a/b',
      'BatchGetImage a/b',
      'ListImages a/b',
      'BatchDeleteImage a/b',
    ]);
  });

  test('who may not is told so, whether the thing is there or not', async () => {
    await using rig = await registryRig({ may: (principal) => principal.kind === 'root' });
    await rig.push('a/b', 'v1', await someImage());
    for (const [method, path] of [
      ['GET', '/v2/a/b/manifests/v1'],
      ['GET', '/v2/no/where/manifests/v1'],
      ['POST', '/v2/a/b/blobs/uploads/'],
      ['GET', '/v2/_catalog'],
    ] as const) {
      const answer = await rig.call(method, path, { as: user });
      assert.deepEqual([answer.status, answer.code], [403, 'DENIED']);
    }
  });

  test('who may push, but not make repositories, hears that there is none', async () => {
    await using rig = await registryRig({ may: (_principal, action) => action !== 'CreateRepository' });
    assert.equal((await rig.call('POST', '/v2/a/b/blobs/uploads/')).code, 'NAME_UNKNOWN');
  });
});
