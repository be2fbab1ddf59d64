/** Sparse files as GNU tar writes them, in each of its forms, and maps that lie. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { archive, header, padded } from '../fixtures/archive-bytes.ts';
import { checked, flattened, noMounts, mountedTree, dumpTree, run, workspace } from '../fixtures/image.ts';
import { ImageRefusal } from '../refusal.ts';

const noTar = spawnSync('tar', ['--version']).error === undefined ? false : 'GNU tar is not installed';

const forms = [
  ['--format=gnu'],
  ['--format=pax', '--sparse-version=0.0'],
  ['--format=pax', '--sparse-version=0.1'],
  ['--format=pax', '--sparse-version=1.0'],
];

/** 60 pieces, at odd places, in blocks of their own and in shared ones, and a hole at the end. */
function writeSparse(path: string): void {
  const file = openSync(path, 'w');
  for (let piece = 0; piece < 60; piece += 1) {
    writeSync(file, Buffer.alloc(1 + piece * 37, piece + 1), 0, undefined, piece * 65_536 + piece * 13);
  }
  ftruncateSync(file, 5_000_001);
  closeSync(file);
}

test(
  'a sparse file has the same contents in the image, and its holes stay holes',
  { skip: noMounts || noTar },
  async () => {
    const { path, remove } = workspace();
    try {
      run('mkdir', '-m', '755', join(path, 'tree'));
      writeSparse(join(path, 'tree', 'sparse'));
      writeFileSync(join(path, 'tree', 'after'), 'after');
      for (const [index, form] of forms.entries()) {
        const tar = join(path, `${index}.tar`);
        run('tar', '-S', '-cf', tar, ...form, '-C', join(path, 'tree'), 'sparse', 'after');
        const { bytes } = await flattened([readFileSync(tar)]);
        const image = join(path, `image-${index}`);
        writeFileSync(image, bytes);
        assert.equal(checked(image), '', form.join(' '));
        const [shown, meant] = [mountedTree(image, join(path, 'mount')), dumpTree(join(path, 'tree'))].map(
          (tree) =>
            Object.values(tree as Record<string, { size?: number; sha256?: string }>).map(
              ({ size, sha256 }) => [size, sha256],
            ),
        );
        assert.deepEqual(shown, meant, form.join(' '));
        assert.ok(bytes.length < 4_000_000, `${bytes.length} bytes`);
      }
    } finally {
      remove();
    }
  },
);

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

function gnuSparse(pieces: readonly (readonly [number, number])[], realSize: number, data: number): Buffer {
  const block = header({ name: 's', type: 'S', size: data }, (bytes) => {
    for (const [index, [offset, count]] of pieces.entries()) {
      bytes.write(octal(offset) + octal(count), 386 + index * 24, 'latin1');
    }
    bytes.write(octal(realSize), 483, 'latin1');
  });
  return archive(block, padded(Buffer.alloc(data, 1)));
}

test('maps that lie are refused', async () => {
  const bad: readonly (readonly [Buffer, RegExp])[] = [
    [
      gnuSparse(
        [
          [10, 5],
          [12, 5],
        ],
        100,
        10,
      ),
      /overlap/,
    ],
    [gnuSparse([[10, 5]], 12, 5), /beyond its end/],
    [gnuSparse([[10, 5]], 100, 6), /other data/],
    [gnuSparse([[0, 5]], 2 ** 33 - 1, 6), /other data/],
    [
      archive({ name: 's', body: 'abc', pax: { 'GNU.sparse.realsize': '9', 'GNU.sparse.map': '2' } }),
      /odd number/,
    ],
    [
      archive({ name: 's', body: 'abc', pax: { 'GNU.sparse.realsize': '9', 'GNU.sparse.map': 'x,y' } }),
      /no number/,
    ],
    [
      archive({ name: 's', body: 'a', pax: { 'GNU.sparse.realsize': '9', 'GNU.sparse.major': '2' } }),
      /form 2/,
    ],
    [archive({ name: 's', body: '', pax: { 'GNU.sparse.realsize': '9007199254740991' } }), /too large/],
    [
      archive({ name: 's', body: '1\n0\n', pax: { 'GNU.sparse.realsize': '9', 'GNU.sparse.major': '1' } }),
      /number that is none/,
    ],
  ];
  for (const [bytes, message] of bad) {
    await assert.rejects(flattened([bytes]), (error) => {
      assert.ok(error instanceof ImageRefusal, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
