/**
 * Container images: a layer made of the host's own files becomes an image (gunzip, flatten, ext4, seal, store) against `tar -x` plus
 * `sha256sum` of the same layer; how much of an image is new when only the code changes; and reads of cached chunks against pread.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChunkSource,
  flatten,
  ImageStore,
  openKeyring,
  type Layer,
  type StoredImage,
} from '../../src/images/index.ts';
import { systemClock, systemEntropy } from '../../src/platform/index.ts';
import { openFileBlobs } from '../../src/platform/engines/files/index.ts';
import { memoryDocuments } from '../../src/platform/engines/memory/index.ts';
import { median } from '../load.ts';
import type { Row } from '../table.ts';
import { imageFleetRow } from './image-fleet.ts';
import { imageStartRows } from './image-starts.ts';

const MiB = 1024 * 1024;
const readBytes = 4096;
const readsCount = 20_000;

export async function imagesRows(quick: boolean): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-bench-images-'));
  try {
    const base = join(directory, 'base.tar');
    // Files that every Debian-like host has; the quick run takes the smaller part.
    run(
      'tar',
      '-cf',
      base,
      '-C',
      '/',
      '--ignore-failed-read',
      ...(quick ? ['usr/share/doc'] : ['usr/share', 'usr/bin']),
    );
    const blobs = await openFileBlobs(join(directory, 'store'), { entropy: systemEntropy });
    const store = new ImageStore({
      blobs,
      documents: memoryDocuments(),
      clock: systemClock,
      entropy: systemEntropy,
      keyring: openKeyring({ kind: 'local', masterKeys: [systemEntropy.bytes(32)], entropy: systemEntropy }),
    });
    const upload = async (...layers: readonly string[]): Promise<StoredImage> =>
      store.upload({
        account: 'bench',
        reference: layers.join(),
        produce: async (sink) => flatten(layers.map(layerOf), sink),
      });
    const rows: Row[] = [];
    const { row, image } = await conversionRow(directory, base, upload);
    rows.push(row);
    const codes = [1, 2].map((seed) => codeLayer(directory, seed));
    const [first = '', second = ''] = codes;
    await upload(base, first);
    const changed = await upload(base, second);
    const again = await upload(base, second);
    const all = changed.stored + changed.present;
    rows.push({
      what: 'new chunks of an image whose code alone changed; of an identical one',
      lambkin: `${changed.stored} of ${all}; ${again.stored}`,
      floor: '',
      figure: `${((100 * changed.stored) / all).toFixed(2)} %`,
      promise: { text: '<= 5 %; 0', kept: changed.stored <= 0.05 * all && again.stored === 0 },
    });
    rows.push(await readRow(store, image, base));
    return [...rows, ...(await imageStartRows(quick)), imageFleetRow(quick)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function conversionRow(
  directory: string,
  base: string,
  upload: (...layers: readonly string[]) => Promise<StoredImage>,
): Promise<{ readonly row: Row; readonly image: StoredImage }> {
  const bytes = statSync(base).size;
  run('cat', base, '/dev/null'); // both start from a warm page cache
  let start = performance.now();
  const image = await upload(base);
  const tookMs = performance.now() - start;
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  start = performance.now();
  await Promise.all([
    once(spawn('tar', ['-xf', base, '-C', tree], { stdio: 'ignore' }), 'exit'),
    once(spawn('sha256sum', [base], { stdio: 'ignore' }), 'exit'),
  ]);
  const floorMs = performance.now() - start;
  rmSync(tree, { recursive: true });
  const rate = (took: number): string => `${(bytes / MiB / (took / 1000)).toFixed(0)} MiB/s`;
  const ratio = floorMs / tookMs;
  const row: Row = {
    what: `a layer of ${(bytes / MiB).toFixed(0)} MiB into an encrypted image in the store`,
    lambkin: rate(tookMs),
    floor: `${rate(floorMs)} tar -x and sha256sum at once`,
    figure: `${ratio.toFixed(2)} x`,
    promise: { text: '>= 0.5 x', kept: ratio >= 0.5 },
  };
  return { row, image };
}

/** Chunks in memory: the way of a read that misses nothing. */
async function readRow(store: ImageStore, { image }: StoredImage, plain: string): Promise<Row> {
  const source = new ChunkSource({ memoryBytesMax: 128 * MiB, tiers: [] });
  const reader = await store.open('bench', image, source);
  if (reader === undefined) throw new Error('the image is not there');
  const file = openSync(plain, 'r');
  const size = Math.min(reader.sizeBytes, statSync(plain).size, 64 * MiB) - readBytes;
  const places = Array.from({ length: readsCount }, (_, at) => Math.imul(at, 2_654_435_761) >>> 0).map(
    (word) => word % size,
  );
  for (let at = 0; at < size; at += 256 * 1024) await reader.read(at, 1);
  const buffer = Buffer.alloc(readBytes);
  const [ours, floor]: [number[], number[]] = [[], []];
  for (let round = 0; round < 5; round += 1) {
    let start = performance.now();
    for (const place of places) await reader.read(place, readBytes);
    ours.push((performance.now() - start) / readsCount);
    start = performance.now();
    for (const place of places) readSync(file, buffer, 0, readBytes, place);
    floor.push((performance.now() - start) / readsCount);
  }
  return {
    what: 'random 4 KiB reads of an image, chunks in memory',
    lambkin: us(median(ours)),
    floor: `${us(median(floor))} pread of a plain file`,
    figure: `${(median(ours) / median(floor)).toFixed(2)} x`,
  };
}

const us = (value: number): string => `${(value * 1000).toFixed(2)} us`;

/** A function's own files: 1 MiB. */
function codeLayer(directory: string, seed: number): string {
  const tree = join(directory, `code-${seed}`, 'var', 'task');
  mkdirSync(tree, { recursive: true });
  for (let file = 0; file < 16; file += 1) {
    writeFileSync(join(tree, `module-${file}.mjs`), Buffer.alloc(64 * 1024, `${seed} ${file} `));
  }
  const path = join(directory, `code-${seed}.tar`);
  run('tar', '-cf', path, '-C', join(directory, `code-${seed}`), 'var');
  return path;
}

function layerOf(path: string): Layer {
  return { open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) };
}

function run(program: string, ...args: readonly string[]): void {
  const { error } = spawnSync(program, args, { stdio: 'ignore' });
  if (error !== undefined) throw error;
}
