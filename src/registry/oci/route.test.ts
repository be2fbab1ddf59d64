/** The distribution API as plain HTTP clients meet it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { basicOf, registryRig, root, user } from '../fixtures/rig.ts';
import { digestOf, someImage } from '../fixtures/some-image.ts';

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
    for (const name of ['b', 'a/b', 'a'])
      await rig.operate('CreateRepository', { repositoryName: `x/${name}` });
    assert.deepEqual((await rig.call('GET', '/v2/_catalog')).json(), {
      repositories: ['x/a', 'x/a/b', 'x/b'],
    });
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
    assert.deepEqual(
      [...new Set(rig.asked)],
      [
        'InitiateLayerUpload a/b',
        'CreateRepository a/b',
        'CompleteLayerUpload a/b',
        'PutImage a/b',
        'BatchCheckLayerAvailability a/b',
        'GetDownloadUrlForLayer a/b',
        'BatchGetImage a/b',
        'ListImages a/b',
        'BatchDeleteImage a/b',
      ],
    );
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
