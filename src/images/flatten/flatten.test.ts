/** What layers do to each other, and what they may not do. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { archive, type HeaderFields } from '../fixtures/archive-bytes.ts';
import { checked, flattened, mountedTree, noMounts, workspace } from '../fixtures/image.ts';
import { chunkBytes, type ImageLimits } from '../limits.ts';
import { ImageRefusal } from '../refusal.ts';

const directory = (name: string): HeaderFields => ({ name, type: '5', mode: 0o755 });
const symlink = (name: string, linkName: string): HeaderFields => ({ name, type: '2', linkName });
const link = (name: string, linkName: string): HeaderFields => ({ name, type: '1', linkName });
const file = (name: string, body = name): HeaderFields => ({ name, body });

/** The names in the image of these layers, each with its kind: `d`, `f`, `l`. */
async function names(...layers: readonly (readonly HeaderFields[])[]): Promise<readonly string[]> {
  const { path, remove } = workspace();
  try {
    const image = join(path, 'image');
    writeFileSync(image, (await flattened(layers.map((parts) => archive(...parts)))).bytes);
    assert.equal(checked(image), '');
    const tree = mountedTree(image, join(path, 'mount')) as Record<string, { mode: string }>;
    return Object.entries(tree)
      .filter(([name]) => name !== '')
      .map(
        ([name, { mode }]) =>
          `${Buffer.from(name, 'hex').toString()} ${{ '4': 'd', '10': 'f' }[mode.slice(2, -4)] ?? 'l'}`,
      )
      .sort();
  } finally {
    remove();
  }
}

test('whiteouts hide what is below them, never what their own layer has', { skip: noMounts }, async () => {
  const lower = [directory('d'), file('d/old'), file('f'), directory('d/e'), file('d/e/x')];
  assert.deepEqual(await names(lower, [file('.wh.d'), file('.wh.f'), file('.wh.none')]), []);
  for (const upper of [
    [file('d/.wh..wh..opq'), file('d/new')],
    [file('d/new'), file('d/.wh..wh..opq')],
    [file('.wh.d'), file('d/new')],
    [directory('d'), file('d/new'), file('.wh.d')],
  ]) {
    assert.deepEqual(await names(lower, upper), ['d d', 'd/new f', 'f f']);
  }
  assert.deepEqual(await names([file('a'), file('.wh.a')]), ['a f']);
  assert.deepEqual(await names([], []), []);
});

test('links are followed inside the image, as a process in it would', { skip: noMounts }, async () => {
  const base = [
    directory('usr'),
    directory('usr/lib'),
    symlink('lib', 'usr/lib'),
    symlink('up', '/../../usr/../lib'),
  ];
  assert.deepEqual(await names(base, [file('lib/a'), file('up/b'), link('c', 'lib/a'), file('/abs')]), [
    'abs f',
    'c f',
    'lib l',
    'up l',
    'usr d',
    'usr/lib d',
    'usr/lib/a f',
    'usr/lib/b f',
  ]);
  assert.deepEqual(await names([symlink('x', 'made/here')], [file('x/f')]), [
    'made d',
    'made/here d',
    'made/here/f f',
    'x l',
  ]);
  // The last name itself is replaced, not followed.
  assert.deepEqual(await names(base, [file('lib', 'x'), directory('up')]), [
    'lib f',
    'up d',
    'usr d',
    'usr/lib d',
  ]);
});

test(
  'access control lists and large attributes come out as they went in, also on a directory',
  { skip: noMounts },
  async () => {
    // Version 2; owner rwx, user 1000 r, group r, mask r, other none.
    const entries = [
      [1, 7, -1],
      [2, 4, 1000],
      [4, 4, -1],
      [16, 4, -1],
      [32, 0, -1],
    ];
    const acl = Buffer.alloc(4 + entries.length * 8);
    acl.writeUInt32LE(2, 0);
    for (const [index, [tag = 0, permissions = 0, id = 0]] of entries.entries()) {
      acl.writeUInt16LE(tag, 4 + index * 8);
      acl.writeUInt16LE(permissions, 6 + index * 8);
      acl.writeInt32LE(id, 8 + index * 8);
    }
    const large = Buffer.alloc(3000, 'large');
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    const attributes = {
      'SCHILY.xattr.system.posix_acl_access': acl,
      'SCHILY.xattr.system.posix_acl_default': acl,
      'SCHILY.xattr.user.large': large,
      'SCHILY.xattr.security.capability': capability,
    };
    const { path, remove } = workspace();
    try {
      const image = join(path, 'image');
      const layer = archive(
        { ...directory('d'), mode: 0o740, pax: attributes },
        { ...file('f'), mode: 0o740, pax: { 'SCHILY.xattr.security.capability': capability } },
      );
      writeFileSync(image, (await flattened([layer])).bytes);
      assert.equal(checked(image), '');
      const tree = mountedTree(image, join(path, 'mount')) as Record<
        string,
        { xattrs: Record<string, string> }
      >;
      assert.deepEqual(tree[Buffer.from('d').toString('hex')]?.xattrs, {
        'security.capability': capability.toString('hex'),
        'system.posix_acl_access': acl.toString('hex'),
        'system.posix_acl_default': acl.toString('hex'),
        'user.large': large.toString('hex'),
      });
      assert.deepEqual(tree[Buffer.from('f').toString('hex')]?.xattrs, {
        'security.capability': capability.toString('hex'),
      });
    } finally {
      remove();
    }
  },
);

test('a name replaces whatever has it, with all below it', { skip: noMounts }, async () => {
  assert.deepEqual(await names([directory('a'), file('a/b')], [file('a', 'now a file')]), ['a f']);
  assert.deepEqual(await names([file('a')], [directory('a'), file('a/b')]), ['a d', 'a/b f']);
  assert.deepEqual(await names([directory('a'), file('a/b')], [link('a', 'a/b')]), ['a f']);
  assert.deepEqual(await names([file('a'), file('a', 'again')]), ['a f']);
});

const refusals: readonly (readonly [string, readonly HeaderFields[], RegExp, Partial<ImageLimits>?])[] = [
  ['a name that leads out', [file('../x')], /leads out/],
  ['the same in the middle', [file('a/../../x')], /leads out/],
  ['a hard link that leads out', [link('a', '../../etc/passwd')], /leads out/],
  ['a hard link to nothing', [link('a', 'b')], /not there/],
  ['a hard link to a directory', [directory('d'), link('a', 'd')], /to a directory/],
  ['a loop of links', [symlink('a', 'b'), symlink('b', 'a'), file('a/x')], /loop/],
  ['a link to itself', [symlink('a', 'a/a'), file('a/x')], /loop/],
  ['a file below a file', [file('a'), file('a/b')], /below a file/],
  ['a whiteout of nothing', [file('.wh.')], /hides no name/],
  ['a whiteout of the directory', [directory('d'), file('d/.wh..')], /hides no name/],
  ['a whiteout of the one above', [directory('d'), file('d/.wh...')], /hides no name/],
  ['a file below a whiteout', [file('.wh.a/b')], /below a whiteout/],
  ['a root that is a file', [file('./')], /root/],
  ['an empty link', [symlink('a', '')], /empty target/],
  ['a long name', [{ name: 'x', pax: { path: 'n'.repeat(256) } }], /more than 255/],
  ['a long path', [{ name: 'x', pax: { path: 'n/'.repeat(2100) } }], /4095/],
  ['a deep tree', [{ name: 'x', pax: { path: 'n/'.repeat(1100) + 'x' } }], /too deep/],
  ['an attribute of no kind', [{ name: 'a', pax: { 'SCHILY.xattr.odd.name': 'x' } }], /no known kind/],
  ['an attribute too large', [{ name: 'a', pax: { 'SCHILY.xattr.user.a': 'x'.repeat(5000) } }], /do not fit/],
  [
    'a broken access control list',
    [{ name: 'a', pax: { 'SCHILY.xattr.system.posix_acl_access': 'x' } }],
    /access control/,
  ],
  ['too many files', [file('a'), file('b'), file('c')], /more than 2 files/, { entriesMax: 2 }],
  ['too many entries', [file('a'), file('a'), file('a')], /too many entries/, { headersMax: 2 }],
  ['too much text', [symlink('a', 'b'.repeat(90))], /too much room/, { textBytesMax: 50 }],
  [
    'too much data',
    [file('a', 'x'.repeat(600)), file('b', 'x'.repeat(600))],
    /unpacks to more/,
    { unpackedBytesMax: 1000 },
  ],
];

for (const [what, parts, message, limits] of refusals) {
  test(`${what} is refused`, async () => {
    await assert.rejects(flattened([archive(...parts)], limits === undefined ? {} : { limits }), (error) => {
      assert.ok(error instanceof ImageRefusal, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

test('too many layers are refused', async () => {
  await assert.rejects(flattened(Array.from({ length: 128 }, () => archive())), /more than 127 layers/);
});

test('a sink that fails ends the work with its own error, and has nothing in flight then', async () => {
  const { flatten } = await import('./flatten.ts');
  const { layerOf } = await import('../fixtures/image.ts');
  const failure = new Error('the store is full');
  let inFlight = 0;
  const sink = {
    put: async (index: number): Promise<void> => {
      inFlight += 1;
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      if (index === 4) throw failure;
    },
  };
  const big = archive({ name: 'a', body: Buffer.alloc(20 * chunkBytes, 1) });
  await assert.rejects(flatten([layerOf(big)], sink), (error) => error === failure);
  assert.equal(inFlight, 0);
});

const texts = async (layers: readonly Buffer[]): Promise<Set<string>> =>
  new Set([...(await flattened(layers)).chunks.values()].map((chunk) => chunk.toString('latin1')));

/** Chunks of the second image that the first one does not have, and how many it has in all. */
async function news(first: readonly Buffer[], second: readonly Buffer[]): Promise<readonly [number, number]> {
  const [there, here] = [await texts(first), await texts(second)];
  return [[...here].filter((chunk) => !there.has(chunk)).length, here.size];
}

const noise = (bytes: number, seed: number): Buffer => {
  const body = Buffer.alloc(bytes);
  for (let at = 0, word = seed; at + 4 <= bytes; at += 4) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    body.writeUInt32LE(word, at);
  }
  return body;
};
const base = archive(
  ...Array.from({ length: 200 }, (_, index) => ({ name: `usr/lib/${index}`, body: noise(100_000, index) })),
);
const code = (seed: number): Buffer =>
  archive(directory('var'), { name: 'var/task/app', body: noise(300_000, seed) });

test('images share the chunks of their base; a change of code takes few new ones', async () => {
  const [newer, all] = await news([base, code(1)], [base, code(2)]);
  assert.ok(all > 40 && newer <= 2, `${newer} of ${all}`);
  // One more file in the code layer: that layer, the inode table, the head, the directories of the layer.
  const [more] = await news(
    [base, code(1)],
    [base, archive({ name: 'var/task/app', body: noise(300_000, 1) }, file('var/b'))],
  );
  assert.ok(more <= 4, `${more} of ${all}`);
  assert.deepEqual((await news([base, code(1)], [base, code(1)]))[0], 0);
});

test('a layer on another base still has the same chunks of contents', async () => {
  const other = archive({ name: 'opt/x', body: noise(777_777, 9) });
  const [newer, all] = await news([base], [other, base]);
  assert.ok(newer <= 7, `${newer} of ${all}`);
});
