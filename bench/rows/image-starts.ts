/**
 * Starting from images: a program that starts from an image of about 1 GB against the same one from an image of about 50 MB, both mounted and in no
 * cache; the same with what an earlier start recorded; and random reads of a mounted file against a plain one.
 */
import { execFile, spawnSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  flatten,
  imageMountsProblem,
  ImageStore,
  openImageMounts,
  openKeyring,
  type CountedImageMounts,
  type ImageMountsOptions,
} from '../../src/images/index.ts';
import { chunkBytes } from '../../src/images/limits.ts';
import { openFileBlobs } from '../../src/platform/engines/files/index.ts';
import { memoryDocuments } from '../../src/platform/engines/memory/index.ts';
import { systemClock, systemEntropy } from '../../src/platform/index.ts';
import { median } from '../load.ts';
import { ms, type Row } from '../table.ts';

const exec = promisify(execFile);
const MiB = 1024 * 1024;
const account = 'bench';
/** What the function is: a program of some libraries. */
const program = [
  '/usr/bin/python3',
  '-c',
  'import asyncio, decimal, email, json, sqlite3, ssl, urllib.request',
];
/** As a bucket in the same region. */
const farMs = 15;

interface Place {
  readonly directory: string;
  readonly store: ImageStore;
}

export async function imageStartRows(quick: boolean): Promise<readonly Row[]> {
  const problem = (await imageMountsProblem()) ?? hostProblem();
  if (problem !== undefined) {
    console.error(`starts from images are not measured: ${problem}`);
    return [];
  }
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lambkin-bench-starts-')));
  try {
    const blobs = await openFileBlobs(join(directory, 'store'), { entropy: systemEntropy });
    const keyring = openKeyring({
      kind: 'local',
      masterKeys: [systemEntropy.bytes(32)],
      entropy: systemEntropy,
    });
    const common = { documents: memoryDocuments(), clock: systemClock, entropy: systemEntropy };
    const place = { directory, store: new ImageStore({ ...common, blobs, keyring }) };
    return [...(await startRows(place, quick)), await randomRow(place, quick)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startRows(place: Place, quick: boolean): Promise<readonly Row[]> {
  const [base, ballast] = layers(place.directory, (quick ? 150 : 980) * MiB);
  const small = await upload(place.store, base);
  const large = await upload(place.store, base, ballast);
  const [smallMs, largeMs]: [number[], number[]] = [[], []];
  let share = 0;
  // In turns, and the best of each: what else the host does is not the question.
  for (let round = 0; round < (quick ? 4 : 9); round += 1) {
    smallMs.push((await start(place, small.image)).tookMs);
    const { tookMs, chunks } = await start(place, large.image);
    largeMs.push(tookMs);
    share = (chunks * chunkBytes) / large.sizeBytes;
  }
  const [bestSmallMs, bestLargeMs] = [Math.min(...smallMs), Math.min(...largeMs)];
  const ratio = bestLargeMs / bestSmallMs;
  const [without, recorded] = await recordedStarts(place, large.image, quick ? 1 : 3);
  const size = ({ sizeBytes }: { readonly sizeBytes: number }): string =>
    `${(sizeBytes / MiB).toFixed(0)} MiB`;
  return [
    {
      what: `mount an image of ${size(large)} and start a program from it, nothing cached`,
      lambkin: ms(bestLargeMs),
      floor: `${ms(bestSmallMs)} from an image of ${size(small)}`,
      figure: `${ratio.toFixed(2)} x`,
      promise: { text: '<= 1.2 x', kept: ratio <= 1.2 },
    },
    {
      what: 'what that start reads of the image',
      lambkin: `${((share * large.sizeBytes) / MiB).toFixed(0)} MiB`,
      floor: size(large),
      figure: `${(100 * share).toFixed(1)} %`,
      ...(quick ? {} : { promise: { text: '<= 7 %', kept: share <= 0.07 } }),
    },
    {
      what: `the same from a store that takes ${farMs} ms for each chunk, read ahead as recorded`,
      lambkin: ms(recorded),
      floor: `${ms(without)} without the record`,
      figure: `${(recorded / without).toFixed(2)} x`,
    },
  ];
}

/** On a worker that has nothing of the image yet. */
async function start(
  place: Place,
  image: string,
  delayMs?: number,
): Promise<{ tookMs: number; chunks: number }> {
  return onWorker(place, { delayMs }, async (mounts) => {
    const begunMs = performance.now();
    const { directory } = await mounts.mount(image);
    await exec('chroot', [directory, ...program]);
    const tookMs = performance.now() - begunMs;
    return { tookMs, chunks: (await mounts.counts()).hits['store'] ?? 0 };
  });
}

/** Medians without and with the record of an earlier start. */
async function recordedStarts(
  place: Place,
  image: string,
  rounds: number,
): Promise<readonly [number, number]> {
  const timesOf = async (): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push((await start(place, image, farMs)).tookMs);
    return median(times);
  };
  const without = await timesOf();
  await onWorker(place, { traceMs: 3000 }, async (mounts) => {
    const { directory } = await mounts.mount(image);
    await exec('chroot', [directory, ...program]);
    while (((await place.store.find(account, image))?.trace.length ?? 0) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  return [without, await timesOf()];
}

/** Reads of 4 KiB that pass by the page cache: the kernel asks the device for each. */
async function randomRow(place: Place, quick: boolean): Promise<Row> {
  const tree = join(place.directory, 'random');
  mkdirSync(tree);
  const bytes = Buffer.alloc(64 * MiB);
  for (let at = 0; at < bytes.length; at += 4)
    bytes.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at);
  writeFileSync(join(tree, 'file'), bytes);
  const layer = join(place.directory, 'random.tar');
  run('tar', '-cf', layer, '-C', tree, 'file');
  const { image } = await upload(place.store, layer);
  const count = quick ? 2000 : 10_000;
  const [direct, cached, plainDirect, plainCached] = await onWorker(place, {}, async (mounts) => {
    const { directory } = await mounts.mount(image);
    const mounted = join(directory, 'file');
    await exec('sha256sum', [mounted]); // from here on all of it is in the device's memory
    return [
      await randomReads(mounted, count, true),
      await randomReads(mounted, count, false),
      await randomReads(join(tree, 'file'), count, true),
      await randomReads(join(tree, 'file'), count, false),
    ] as const;
  });
  return {
    what: 'random 4 KiB reads of a mounted file, past the page cache (and from it)',
    lambkin: `${us(direct)} (${us(cached)})`,
    floor: `${us(plainDirect)} (${us(plainCached)}) of a plain file`,
    figure: `${(direct / plainDirect).toFixed(2)} x (${(cached / plainCached).toFixed(2)} x)`,
  };
}

const us = (value: number): string => `${value.toFixed(1)} us`;

const reading = `
import mmap, os, random, sys, time
path, count, direct = sys.argv[1], int(sys.argv[2]), sys.argv[3] == 'true'
file = os.open(path, os.O_RDONLY | (os.O_DIRECT if direct else 0))
blocks = os.fstat(file).st_size // 4096
buffer = mmap.mmap(-1, 4096)
random.seed(1)
places = [random.randrange(blocks) * 4096 for _ in range(count)]
if not direct:
    for place in places: os.preadv(file, [buffer], place)
start = time.perf_counter()
for place in places: os.preadv(file, [buffer], place)
print((time.perf_counter() - start) * 1e6 / count)
`;

/** Microseconds of one. */
async function randomReads(path: string, count: number, direct: boolean): Promise<number> {
  const { stdout } = await exec('/usr/bin/python3', ['-c', reading, path, String(count), String(direct)]);
  return Number(stdout);
}

async function onWorker<T>(
  { directory, store }: Place,
  { delayMs, traceMs = 3_600_000 }: { readonly delayMs?: number | undefined; readonly traceMs?: number },
  work: (mounts: CountedImageMounts) => Promise<T>,
): Promise<T> {
  const worker = mkdtempSync(join(directory, 'worker-'));
  const options: ImageMountsOptions = {
    store,
    account,
    directory: join(worker, 'mounts'),
    device: {
      path: join(import.meta.dirname, '..', '..', 'src', 'images', 'fixtures', 'device-program.ts'),
      settings: { directory: join(directory, 'store'), ...(delayMs === undefined ? {} : { delayMs }) },
    },
    cache: { directory: join(worker, 'cache'), bytesMax: 1024 * MiB },
    memoryBytesMax: 128 * MiB,
    clock: systemClock,
    warn: (message) => console.error(message),
    traceMs,
  };
  const mounts = await openImageMounts(options);
  try {
    return await work(mounts);
  } finally {
    await mounts.close();
    rmSync(worker, { recursive: true, force: true });
  }
}

async function upload(
  store: ImageStore,
  ...paths: readonly string[]
): Promise<{ image: string; sizeBytes: number }> {
  const layersOf = paths.map((path) => ({
    open: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
  }));
  return store.upload({ account, reference: paths.join(), produce: async (sink) => flatten(layersOf, sink) });
}

function hostProblem(): string | undefined {
  if (!existsSync('/usr/bin/python3')) return 'the host has no /usr/bin/python3';
  return lstatSync('/lib', { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? undefined
    : 'the host keeps /lib apart from /usr/lib';
}

/** A layer with the program and what it needs, and one with other files of the host, of about so many bytes. */
function layers(directory: string, ballastBytes: number): readonly [string, string] {
  const python = realpathSync('/usr/bin/python3');
  const library = join('/usr/lib', python.slice(python.lastIndexOf('/') + 1));
  const needed = run(
    'sh',
    '-c',
    `ldd ${python} ${library}/lib-dynload/*.so | grep -o '/[^ ]*\\.so[^ ]*' | sort -u`,
  )
    .split('\n')
    .filter((path) => path.startsWith('/lib') && existsSync(path));
  const libraries = new Set(needed.flatMap((path) => [realDirectory(path), realpathSync(path)]));
  const listed = ['lib', 'lib64', 'usr/bin/python3', python, library, ...libraries].map((path) =>
    path.replace(/^\//, ''),
  );
  const base = join(directory, 'base.tar');
  const left = ['test', 'idlelib', 'lib2to3', 'ensurepip', 'pydoc_data', 'config-*'].map(
    (name) => `--exclude=${library.slice(1)}/${name}`,
  );
  run('tar', '-cf', base, '-C', '/', '--ignore-failed-read', ...left, ...new Set(listed));
  return [base, ballast(directory, ballastBytes, new Set(listed), library.slice(1))];
}

/** Of a name with a link in its directories: the file where it stands, perhaps a link itself. */
function realDirectory(path: string): string {
  return join(realpathSync(join(path, '..')), path.slice(path.lastIndexOf('/') + 1));
}

function ballast(directory: string, bytes: number, without: ReadonlySet<string>, library: string): string {
  const found = run(
    'sh',
    '-c',
    'cd / && find usr/share usr/bin usr/lib -xdev -type f -printf "%s %p\\n" 2>/dev/null',
  );
  let left = bytes;
  const taken: string[] = [];
  for (const each of found.split('\n')) {
    const space = each.indexOf(' ');
    const path = each.slice(space + 1);
    if (left <= 0) break;
    if (space < 0 || without.has(path) || path.startsWith(`${library}/`)) continue;
    taken.push(path);
    left -= Number(each.slice(0, space));
  }
  const list = join(directory, 'ballast.txt');
  writeFileSync(list, taken.join('\n'));
  const layer = join(directory, 'ballast.tar');
  run('tar', '-cf', layer, '-C', '/', '--ignore-failed-read', '--no-recursion', '-T', list);
  if (statSync(layer).size === 0) throw new Error('the host has no files to make an image of');
  return layer;
}

function run(command: string, ...args: readonly string[]): string {
  const { error, stdout } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 256 * MiB });
  if (error !== undefined) throw error;
  return stdout;
}
