/** Archives in all their forms, and such as nobody should make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { archive, entry, header, padded, paxBody } from '../fixtures/archive-bytes.ts';
import { ImageRefusal } from '../refusal.ts';
import { TarArchive } from './archive.ts';
import { ByteReader } from './byte-reader.ts';
import type { Entry } from './entry.ts';

type Read = Entry & { readonly content: string };

async function read(bytes: Buffer, pieceBytes = 700): Promise<readonly Read[]> {
  async function* pieces(): AsyncGenerator<Buffer, void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const tar = new TarArchive(new ByteReader(pieces(), 1 << 30));
  const entries: Read[] = [];
  for (let next; (next = await tar.next()) !== undefined;) {
    let content = '';
    for (let data; (data = await tar.content()) !== undefined;) content += data.toString('latin1');
    entries.push({ ...next, content });
  }
  return entries;
}

const refused = async (bytes: Buffer, reason: string, message: RegExp): Promise<void> => {
  await assert.rejects(read(bytes), (error) => {
    assert.ok(error instanceof ImageRefusal, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
    return true;
  });
};

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

test('files, directories, links and pipes come with what their headers say', async () => {
  const entries = await read(
    archive(
      { name: 'd', type: '5', mode: 0o1777, uid: 1, gid: 2 },
      { name: 'd/f', body: 'hello', mtime: 5 },
      { name: 's', type: '2', linkName: 'd/f' },
      { name: 'h', type: '1', linkName: 'd/f', size: 5 },
      { name: 'p', type: '6' },
      { name: 'old/', type: '\0' },
    ),
  );
  assert.deepEqual(
    entries.map(({ kind, path, content }) => [kind, path, content]),
    [
      ['directory', 'd', ''],
      ['file', 'd/f', 'hello'],
      ['symlink', 's', ''],
      ['link', 'h', ''],
      ['fifo', 'p', ''],
      ['directory', 'old/', ''],
    ],
  );
  const [directory, file] = entries;
  assert.deepEqual([directory?.mode, directory?.uid, directory?.gid], [0o1777, 1, 2]);
  assert.deepEqual(file?.mtime, { seconds: 5, nanoseconds: 0 });
});

test('long names come from the ustar prefix, from GNU headers and from pax records', async () => {
  const long = 'n'.repeat(300);
  const prefixed = header({ name: 'name', body: '' }, (block) => block.write('some/prefix', 345));
  const entries = await read(
    archive(
      prefixed,
      { name: '././@LongLink', type: 'L', body: `${long}\0` },
      { name: '././@LongLink', type: 'K', body: `${long}/target\0` },
      { name: 'short', type: '2', linkName: 'short' },
      { name: 'short', pax: { path: 'ü/ö' } },
    ),
  );
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['some/prefix/name', long, latin1('ü/ö')],
  );
  assert.equal(entries[1]?.kind === 'symlink' && entries[1].target, `${long}/target`);
});

test('pax records give sizes, owners, times before 1970, and attributes of any bytes', async () => {
  const value = Buffer.from([0, 10, 61, 255]);
  const [first, second] = await read(
    archive(
      entry({
        name: 'g',
        type: 'g',
        body: paxBody({ uid: '7', 'SCHILY.xattr.user.global': 'x' }),
      }),
      {
        name: 'a',
        body: 'abc',
        pax: { uid: '3000000', mtime: '-1.5', 'SCHILY.xattr.user.b': value, 'SCHILY.xattr.user.global': '' },
      },
      { name: 'b' },
    ),
  );
  assert.deepEqual([first?.uid, second?.uid], [3_000_000, 7]);
  assert.deepEqual(first?.mtime, { seconds: -2, nanoseconds: 500_000_000 });
  assert.deepEqual(first?.attributes, [{ name: 'user.b', value: value.toString('latin1') }]);
  assert.deepEqual(second?.attributes, [{ name: 'user.global', value: 'x' }]);
});

test('numbers of base 256 are read, also negative ones', async () => {
  const big = header({ name: 'a', body: '' }, (block) => {
    block.fill(0, 108, 116).writeUInt8(0x80, 108);
    block.writeUInt32BE(4_000_000_000, 112);
    block.fill(0xff, 136, 148);
  });
  const [entry] = await read(archive(big));
  assert.deepEqual([entry?.uid, entry?.mtime.seconds], [4_000_000_000, -1]);
});

test('an archive may end without blocks of zeros, and what fills it up is passed over', async () => {
  const body = Buffer.concat([header({ name: 'a', body: 'x' }), padded('x')]);
  assert.equal((await read(body)).length, 1);
  assert.equal((await read(Buffer.concat([body, Buffer.alloc(10_240)]))).length, 1);
  assert.deepEqual(await read(Buffer.alloc(0)), []);
});

test('devices and types that nobody knows are refused by name', async () => {
  await refused(archive({ name: 'dev/sda', type: '4' }), 'forbidden', /"dev\/sda" is a device/);
  await refused(archive({ name: 'dev/null', type: '3' }), 'forbidden', /device/);
  await refused(archive({ name: 'x', type: 'M' }), 'forbidden', /type that is not known/);
});

test('orders to overlay file systems are refused', async () => {
  const pax = { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' };
  await refused(archive({ name: 'x', pax }), 'forbidden', /overlay/);
});

const withSize = (text: string): Buffer => header({ name: 'a' }, (block) => block.write(text, 124));

test('headers that lie are refused', async () => {
  const broken = header({ name: 'a' });
  broken[0] = 0x62;
  await refused(archive(broken), 'malformed', /checksum/);
  await refused(archive(withSize('00000000009')), 'malformed', /number that is none/);
  await refused(archive({ name: 'x', type: 'x', body: '999 path=a\n' }), 'malformed', /wrong length/);
  await refused(archive({ name: 'x', type: 'x', body: '9 path=ab' }), 'malformed', /wrong length/);
  await refused(archive({ name: 'x', type: 'x', body: '5 =a\n' }), 'malformed', /without a key/);
  await refused(archive({ name: 'x', pax: { size: '-5' } }), 'malformed', /out of range/);
  await refused(archive({ name: 'x', pax: { path: 'a\0b' } }), 'malformed', /NUL/);
  await refused(archive({ name: 'x', pax: { uid: '99999999999' } }), 'malformed', /32 bits/);
  await refused(
    Buffer.concat([entry({ name: 'a' }), Buffer.alloc(512), entry({ name: 'b' })]),
    'malformed',
    /goes on/,
  );
});

test('an archive that is cut short anywhere is refused', async () => {
  const whole = archive({ name: 'a', body: 'x'.repeat(1000), pax: { uid: '5' } }).subarray(0, -1024);
  for (let end = 1; end < whole.length; end += 97) {
    if (end % 512 === 0) continue;
    await refused(whole.subarray(0, end), 'malformed', /cut short/);
  }
  await refused(
    entry({ name: 'x', type: 'x', body: paxBody({ uid: '1' }) }),
    'malformed',
    /ends with an extension/,
  );
});

test('headers without end are refused before they are read', async () => {
  await refused(archive(header({ name: 'x', type: 'x', size: 1 << 25 })), 'too-large', /extension header/);
  await refused(archive(header({ name: 'x', type: 'L', size: 1 << 25 })), 'too-large', /extension header/);
  const many = Array.from({ length: 20 }, () => entry({ name: 'x', type: 'x', body: paxBody({ uid: '1' }) }));
  await refused(archive(...many, { name: 'a' }), 'too-large', /too many extension/);
  const records = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, 'v']));
  await refused(archive({ name: 'a', pax: records }), 'too-large', /too many records/);
});

test('any bytes at all are read or refused, and never anything else', async () => {
  const sound = archive(
    {
      name: 'a',
      body: 'abc',
      pax: { 'SCHILY.xattr.user.a': 'b', 'GNU.sparse.realsize': '9', 'GNU.sparse.map': '2,3' },
    },
    { name: 'l', type: 'L', body: 'long' },
    { name: 'b', type: '5' },
  );
  const changes = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(changes, async (bytes) => {
      const changed = Buffer.from(sound);
      for (const [at, value] of bytes) changed[at] = value;
      await read(changed).catch((error: unknown) => assert.ok(error instanceof ImageRefusal, String(error)));
    }),
    { numRuns: 500 },
  );
});
