/** Uploads as plain HTTP clients make them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { basicOf, registryRig, root, user } from '../fixtures/rig.ts';
import { digestOf } from '../fixtures/some-image.ts';

const bytes = Buffer.from('some bytes of a layer');
const digest = digestOf(bytes);

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
    assert.equal(
      (await rig.call('PUT', `${location}?digest=${wrong}`, { body: bytes })).code,
      'DIGEST_INVALID',
    );
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
    assert.equal(
      (await rig.call('PUT', `${stolen}?digest=${digest}`, { body: bytes })).code,
      'BLOB_UPLOAD_UNKNOWN',
    );
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
    assert.equal(
      (await rig.call('POST', `/v2/a/b/blobs/uploads/?mount=${missing}&from=secret/x`)).status,
      202,
    );
  });

  test('equal content is kept once', async () => {
    await using rig = await registryRig();
    await rig.pushBlob('a/b', bytes);
    await rig.pushBlob('c/d', bytes);
    await rig.pushBlob('a/b', bytes);
    assert.equal((await rig.blobs.list('')).length, 1);
  });

  test('a client that leaves in the middle leaves the upload as it was, and no fault of ours', async () => {
    await using rig = await registryRig();
    const { headers } = await rig.call('POST', '/v2/a/b/blobs/uploads/');
    const location = headers.get('location') ?? '';
    await rig.call('PATCH', location, { body: bytes.subarray(0, 4) });
    const socket = connect(rig.port, '127.0.0.1');
    const authorization = basicOf(root.id, root.secret);
    socket.write(
      `PATCH ${location} HTTP/1.1\r\nhost: h\r\nauthorization: ${authorization}\r\ncontent-length: 1000\r\n\r\nabc`,
    );
    await once(socket, 'connect');
    for (;;) {
      // Until the broken request has come as far as the upload itself.
      const { code } = await rig.call('PATCH', location, {
        body: 'x',
        headers: { 'content-range': '99-99' },
      });
      if (code === 'BLOB_UPLOAD_INVALID') break;
    }
    socket.destroy();
    let again = await rig.call('PATCH', location, { body: bytes.subarray(4) });
    while (again.code === 'BLOB_UPLOAD_INVALID') {
      again = await rig.call('PATCH', location, { body: bytes.subarray(4) });
    }
    assert.equal((await rig.call('PUT', `${location}?digest=${digest}`)).status, 201);
    assert.deepEqual(rig.faults, []);
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
