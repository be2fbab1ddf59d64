/** What archives are taken and what is refused, before and while their content is looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import yazl from 'yazl';
import { readArchive } from './archive.ts';
import { Contents } from './contents.ts';
import { zipOf, type Part } from './fixtures/zip.ts';
import { Refusal } from './refusal.ts';
import { checkLinks, planTree } from './tree.ts';

const file = 0o100644;
const link = 0o120777;

/** All checks that need no disk. */
async function examine(archive: Uint8Array): Promise<string[]> {
  const contents = new Contents();
  const tree = planTree(await readArchive(archive));
  checkLinks(new Map(tree.links.map((entry) => [entry.path, Buffer.from(contents.whole(entry)).toString()])));
  for (const entry of tree.files) {
    let bytes = 0;
    if (Contents.isSmall(entry)) contents.whole(entry);
    else for await (const chunk of contents.chunks(entry)) bytes += chunk.byteLength;
    assert.ok(bytes >= 0);
  }
  return [...tree.directories, ...tree.files.map(({ path }) => path)];
}

async function refused(archive: Uint8Array, detail: RegExp): Promise<void> {
  await assert.rejects(examine(archive), (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.match(error.detail, detail);
    return true;
  });
}

const refusals: readonly (readonly [string, readonly Part[], RegExp])[] = [
  ['a name that climbs', [{ name: '../evil' }], /invalid relative path|unsafe/],
  ['a name that climbs in the middle', [{ name: 'a/../../evil' }], /invalid relative path|unsafe/],
  ['an absolute name', [{ name: '/etc/passwd' }], /absolute path|unsafe/],
  ['a drive letter', [{ name: 'C:evil' }], /absolute path|unsafe/],
  ['a drive letter with a slash', [{ name: 'C:/evil' }], /absolute path|unsafe/],
  ['a backslash', [{ name: '..\\evil' }], /invalid characters|unsafe/],
  ['a NUL', [{ name: 'index\0.mjs' }], /unsafe/],
  ['a long name', [{ name: 'n'.repeat(256) }], /too long/],
  ['a long path', [{ name: 'dir/'.repeat(300) + 'f' }], /too long/],
  ['many directories', [{ name: 'd/'.repeat(66) + 'f' }], /too many directories/],
  ['a file twice', [{ name: 'a' }, { name: 'a' }], /twice/],
  ['a file twice under two spellings', [{ name: 'a/b' }, { name: './a//b' }], /twice/],
  ['a file that is a directory too', [{ name: 'a' }, { name: 'a/b' }], /file and directory/],
  ['a file below a link', [{ name: 'a', mode: link, content: 'b' }, { name: 'a/x' }], /file and directory/],
  ['a link that climbs', [{ name: 'a', mode: link, content: '../x' }, { name: 'f' }], /outside/],
  ['a link to an absolute path', [{ name: 'a', mode: link, content: '/etc' }, { name: 'f' }], /outside/],
  [
    'a link that climbs through another',
    [
      { name: 'd/e/in', mode: link, content: '..' },
      { name: 'out', mode: link, content: 'd/e/in/../..' },
      { name: 'f' },
    ],
    /outside/,
  ],
  [
    'links in a circle',
    [
      { name: 'a', mode: link, content: 'b' },
      { name: 'b', mode: link, content: 'a' },
    ],
    /too many links/,
  ],
  ['a link to nothing', [{ name: 'a', mode: link, content: '' }], /unusable/],
  ['a link with a long target', [{ name: 'a', mode: link, content: 'x'.repeat(2000) }], /link too long/],
  ['a device', [{ name: 'a', mode: 0o020666 }], /file type/],
  ['a pipe', [{ name: 'a', mode: 0o010666 }], /file type/],
  ['a socket', [{ name: 'a', mode: 0o140666 }], /file type/],
  ['a directory with content', [{ name: 'a/', content: 'x' }], /directory with content/],
  ['an encrypted entry', [{ name: 'a', flags: 1, content: 'x' }], /encrypted|size mismatch/],
  ['a strongly encrypted entry', [{ name: 'a', flags: 0x41, content: 'x' }], /encryption/],
  ['another compression', [{ name: 'a', method: 12, content: 'x' }], /compression method/],
  ['a wrong checksum', [{ name: 'a', content: 'x', crc: 1 }], /checksum/],
  ['a wrong checksum of a large entry', [{ name: 'a', content: Buffer.alloc(300_000), crc: 1 }], /checksum/],
  ['more bytes than claimed', [{ name: 'a', content: 'xxxx', claimedBytes: 3 }], /larger|bytes/],
  ['fewer bytes than claimed', [{ name: 'a', content: 'xxxx', claimedBytes: 5 }], /bytes/],
  [
    'more bytes than claimed in a large entry',
    [{ name: 'a', content: Buffer.alloc(400_000), claimedBytes: 300_000 }],
    /longer/,
  ],
  [
    'a small claim for a lot',
    [{ name: 'a', content: Buffer.alloc(50_000_000), claimedBytes: 1 }],
    /larger|bytes/,
  ],
  ['truncated data', [{ name: 'a', content: Buffer.from(fcBytes(5000)), packedBytes: 40 }], /unexpected end/],
  [
    'two entries on one header',
    [
      { name: 'a', content: 'x' },
      { name: 'a', sharesHeaderOf: 0, content: 'x' },
    ],
    /overlap/,
  ],
  ['a header with another name', [{ name: 'a', localName: 'b', content: 'x' }], /differ/],
  [
    'data over the directory',
    [{ name: 'a', method: 0, content: 'x', packedBytes: 20, claimedBytes: 20 }],
    /directory/,
  ],
  ['nothing but directories', [{ name: 'a/' }], /no files/],
  ['nothing', [], /no files/],
  ['claims over the limit', [{ name: 'a', content: 'x', claimedBytes: 262_144_000 }], /claims/],
];

for (const [what, parts, detail] of refusals) {
  test(`refuses ${what}`, () => refused(zipOf(parts), detail));
}

test('refuses what is not an archive at all', async () => {
  await refused(Buffer.from('hello'), /End of central directory/);
  await refused(Buffer.alloc(0), /./);
  await refused(Buffer.alloc(100_000, 'PK'), /End of central directory/);
});

test('refuses a bomb whose files all claim little and together hold too much', async () => {
  // Each claims the truth, the sum is over the limit.
  const part = { content: Buffer.alloc(9_000_000), mode: file };
  const parts = Array.from({ length: 30 }, (_, index) => ({ ...part, name: `f${index}` }));
  await refused(zipOf(parts), /claims/);
});

test('refuses overlapping entries even when their headers name them rightly', async () => {
  // The second local header lies inside the data of the first.
  const inner = zipOf([{ name: 'inner', method: 0, content: 'boom' }]);
  const innerLocal = inner.subarray(0, 30 + 5 + 4);
  const outer = zipOf([
    { name: 'outer', method: 0, content: innerLocal },
    { name: 'inner', method: 0, content: 'boom', sharesHeaderOf: 0 },
  ]);
  outer.writeUInt32LE(35, outer.length - 22 - 5 - 4); // the offset in the last directory entry
  await refused(outer, /overlap/);
});

test('refuses an archive cut off anywhere', async () => {
  const whole = zipOf([
    { name: 'index.mjs', content: 'export const handler = () => 1' },
    { name: 'lib/a.js', content: 'x' },
  ]);
  for (let end = 0; end < whole.length; end += 1) await refused(whole.subarray(0, end), /./);
});

test('takes what archives usually hold', async () => {
  const paths = await examine(
    zipOf([
      { name: 'lib/' },
      { name: 'lib/' },
      { name: './index.mjs', content: 'x', mode: file },
      { name: 'lib/a.js', content: 'y', descriptor: true },
      { name: 'lib/b.js', content: 'z', zip64: true },
      { name: 'empty', content: '', method: 0 },
      { name: 'bin/tool', content: 'z', mode: 0o104755 },
      { name: 'node_modules/.bin/t', mode: link, content: '../../bin/tool' },
      { name: 'current', mode: link, content: 'lib/./../lib' },
      { name: 'über.txt', content: 'u' },
      { name: 'large', content: Buffer.alloc(700_000, 7) },
      { name: 'large-stored', method: 0, content: Buffer.alloc(700_000, 7) },
    ]),
  );
  assert.deepEqual(paths, [
    'lib',
    'bin',
    'node_modules',
    'node_modules/.bin',
    'index.mjs',
    'lib/a.js',
    'lib/b.js',
    'empty',
    'bin/tool',
    'über.txt',
    'large',
    'large-stored',
  ]);
});

test('takes what yazl writes, with data descriptors and zip64', async () => {
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from('x'), 'index.js', { mode: 0o100755 });
  zip.addBuffer(Buffer.from('y'), 'lib/y.js', { forceZip64Format: true });
  zip.end({ forceZip64Format: true, comment: '' });
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream as AsyncIterable<Buffer>) pieces.push(piece);
  assert.deepEqual(await examine(Buffer.concat(pieces)), ['lib', 'index.js', 'lib/y.js']);
});

test('answers every damaged archive with a refusal or takes it, and never crashes', async () => {
  const whole = zipOf([
    { name: 'a/index.mjs', content: 'export const handler = () => 1', mode: file },
    { name: 'l', mode: link, content: 'a' },
    { name: 'lib/a.js', content: 'x', zip64: true },
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (damages) => {
        const damaged = Buffer.from(whole);
        for (const [at, value] of damages) damaged[at] = value;
        try {
          await examine(damaged);
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
        }
      },
    ),
    { numRuns: 400 },
  );
});

function fcBytes(count: number): Uint8Array {
  return (
    fc.sample(fc.uint8Array({ minLength: count, maxLength: count }), { numRuns: 1, seed: 1 })[0] ??
    new Uint8Array()
  );
}
