/** Mounted images on a real host: the tree is the image's; whatever breaks, readers get right bytes or an I/O error; nothing is left behind. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { systemEntropy } from '#platform';
import { archive } from '../fixtures/archive-bytes.ts';
import { dumpTree, run } from '../fixtures/image.ts';
import { account, leftovers, mountWorld, noImageMounts, type MountWorld } from '../fixtures/mounting.ts';
import type { CountedImageMounts } from '../device/mounted.ts';
import { openCacheNode } from './cache-node.ts';
import { openImageMounts } from './open-image-mounts.ts';

const exec = promisify(execFile);
const skip = noImageMounts;
const MiB = 1024 * 1024;

/** A layer of files that differ from each other in every chunk. */
const file = (name: string, seed: number, bytes = 3 * MiB): { name: string; body: Buffer } => {
  const body = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4)
    body.writeUInt32LE((Math.imul(at + 1, 2_654_435_761) ^ seed) >>> 0, at);
  return { name, body };
};
const files = [file('first', 1), file('second', 2), file('third', 3)];
const layer = archive(...files);

interface Opening {
  readonly image: string;
  readonly open: (...args: Parameters<MountWorld['options']>) => Promise<CountedImageMounts>;
}

async function world(t: TestContext): Promise<MountWorld & Opening> {
  const made = await mountWorld();
  worlds.push(made.path);
  const opened: CountedImageMounts[] = [];
  t.after(async () => {
    for (const mounts of opened) await mounts.close();
    made.remove();
  });
  const open: Opening['open'] = async (...args) => {
    const mounts = await openImageMounts(made.options(...args));
    opened.push(mounts);
    return mounts;
  };
  return { ...made, image: await made.upload(layer), open };
}

/** By another process, as an environment would. */
async function sums(directory: string, ...names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await exec(
    'sha256sum',
    names.map((name) => join(directory, name)),
  );
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(0, 64)]));
}
const names = files.map(({ name }) => name);
let expected: readonly string[] = [];
if (skip === false) {
  const { path, remove } = await mountWorld();
  for (const { name, body } of files) writeFileSync(join(path, name), body);
  expected = await sums(path, ...names);
  remove();
}
/** Of all tests here. */
const worlds: string[] = [];
after(() => {
  for (const path of worlds)
    assert.deepEqual(leftovers(path), [], 'mounts, loop devices or processes are left');
});

/** Waits for what takes a moment. */
async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; !isSo(); look += 1) {
    assert.ok(look < 2000, 'it does not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a mounted image is what tar unpacks, and close leaves nothing', { skip }, async (t) => {
  const { path, open, upload, warnings } = await world(t);
  const tree = join(path, 'tree');
  mkdirSync(tree, { mode: 0o755 });
  run('tar', '-cf', join(path, 'doc.tar'), '-C', '/usr/share', 'perl');
  run('tar', '-xpf', join(path, 'doc.tar'), '-C', tree);
  const image = await upload(readFileSync(join(path, 'doc.tar')));
  const mounts = await open();
  const { directory } = await mounts.mount(image);
  assert.deepEqual(dumpTree(directory), dumpTree(tree));
  assert.notEqual(spawnSync('touch', [join(directory, 'new')]).status, 0, 'it is read-only');
  await mounts.close();
  assert.deepEqual(leftovers(path), []);
  assert.deepEqual(warnings, []);
});

test('an image that nobody uses is unmounted, and mounted again when it is wanted', { skip }, async (t) => {
  const { path, open, image } = await world(t);
  const mounts = await open({ idleMs: 1 });
  const [first, second] = await Promise.all([mounts.mount(image), mounts.mount(image)]);
  assert.equal(first.directory, second.directory);
  await first.release();
  await second.release();
  await until(() => !leftovers(path).some((line) => /loop|nbdfuse/.test(line)));
  assert.equal((await mounts.counts()).mounted, 0);
  const again = await mounts.mount(image);
  assert.deepEqual(await sums(again.directory, ...names), expected);
  await mounts.close();
  assert.deepEqual(leftovers(path), []);
});

test('an image that is not there, or whose manifest is broken, is not mounted', { skip }, async (t) => {
  const { path, open, image } = await world(t);
  const mounts = await open();
  await assert.rejects(mounts.mount('0'.repeat(64)), /there is no image/);
  const [manifest = ''] = run('find', join(path, 'store'), '-path', '*manifests*', '-type', 'f').split('\n');
  truncateSync(manifest, 100);
  await assert.rejects(mounts.mount(image), /manifest/);
  await mounts.close();
});

const damages: Readonly<Record<string, (chunk: string, other: string) => void>> = {
  flipped: (chunk) => {
    const bytes = readFileSync(chunk);
    bytes[1000] = (bytes[1000] ?? 0) ^ 4;
    writeFileSync(chunk, bytes);
  },
  truncated: (chunk) => truncateSync(chunk, 1000),
  missing: (chunk) => rmSync(chunk),
  swapped: (chunk, other) => writeFileSync(chunk, readFileSync(other)),
};

for (const [damage, inflict] of Object.entries(damages)) {
  test(
    `a chunk that is ${damage} in the store is an I/O error; repaired it reads right`,
    { skip },
    async (t) => {
      const { open, image, chunkFile, warnings } = await world(t);
      const mounts = await open();
      const { directory } = await mounts.mount(image);
      // Of the second file, and of the third.
      const [one, two] = await Promise.all([chunkFile(image, 11), chunkFile(image, 15)]);
      const sound = readFileSync(one);
      inflict(one, two);
      const outcomes = await Promise.allSettled(names.map(async (name) => sums(directory, name)));
      const read = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value[0] : 'error'));
      assert.deepEqual(read, [expected[0], 'error', expected[2]]);
      assert.match(String(outcomes[1]?.status === 'rejected' && outcomes[1].reason), /Input\/output error/);
      assert.match(
        warnings.join('\n'),
        damage === 'missing' ? /missing in every tier/ : /corrupt in every tier/,
      );
      writeFileSync(one, sound);
      assert.deepEqual(await sums(directory, ...names), expected);
      await mounts.close();
    },
  );
}

test('damage in the disk cache is noticed, counted, and costs a fetch', { skip }, async (t) => {
  const { path, open, image } = await world(t);
  const first = await open();
  await sums((await first.mount(image)).directory, ...names);
  await first.close();
  const cached = run('find', join(path, 'cache'), '-type', 'f', '-size', '512k').trim().split('\n');
  assert.ok(cached.length > 15);
  for (const [at, chunk] of cached.entries()) {
    const inflict = Object.values(damages)[at % 4];
    inflict?.(chunk, cached[(at + 1) % cached.length] ?? '');
  }
  const mounts = await open({ cache: { directory: join(path, 'cache'), bytesMax: 99 * MiB } });
  const { directory } = await mounts.mount(image);
  assert.deepEqual(await sums(directory, ...names), expected);
  assert.ok(((await mounts.counts()).corrupt['disk'] ?? 0) > 5);
  await mounts.close();
});

test(
  'a store that is gone in mid-read fails reads, and those of what was read go on',
  { skip },
  async (t) => {
    const { path, open, image } = await world(t);
    const mounts = await open();
    const { directory } = await mounts.mount(image);
    assert.deepEqual(await sums(directory, 'first'), [expected[0]]);
    renameSync(join(path, 'store'), join(path, 'away'));
    await assert.rejects(sums(directory, 'third'), /Input\/output error/);
    assert.deepEqual(await sums(directory, 'first'), [expected[0]]);
    renameSync(join(path, 'away'), join(path, 'store'));
    assert.deepEqual(await sums(directory, ...names), expected);
    await mounts.close();
  },
);

test(
  'many read through a slow store at once, while Lambkin itself looks into the mount',
  { skip },
  async (t) => {
    const { open, image } = await world(t);
    const mounts = await open({}, { delayMs: 20 });
    const { directory } = await mounts.mount(image);
    const reading = Promise.all(Array.from({ length: 3 }, async () => sums(directory, ...names)));
    // Synchronously, and with all threads that wait for files: neither may be needed to serve this.
    assert.equal(readFileSync(join(directory, 'third')).length, 3 * MiB);
    await Promise.all(Array.from({ length: 8 }, async () => readFile(join(directory, 'second'))));
    for (const each of await reading) assert.deepEqual(each, expected);
    assert.ok(((await mounts.counts()).hits['store'] ?? 0) < 40, 'each chunk is fetched once');
    await mounts.close();
  },
);

test(
  'what serves the mounts may be killed: reads fail, nothing hangs, the next mount is a new one',
  { skip },
  async (t) => {
    const { path, open, image, warnings } = await world(t);
    const mounts = await open();
    const before = await mounts.mount(image);
    for (const kind of ['--image-devices', 'nbdfuse']) {
      const mount = await mounts.mount(image);
      const line = leftovers(path).find((each) => each.includes(kind) && /^\d+: /.test(each)) ?? '';
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
      await assert.rejects(sums(mount.directory, 'third'), /Input\/output error|not connected|No such file/);
      await until(() => leftovers(path).every((each) => !each.startsWith(`${Number.parseInt(line, 10)}: `)));
      // The kernel may show it gone before its parent has heard of it.
      let again = await mounts.mount(image);
      for (let looks = 0; again.directory === mount.directory && looks < 100; looks += 1) {
        await again.release();
        await new Promise((resolve) => setTimeout(resolve, 20));
        again = await mounts.mount(image);
      }
      assert.notEqual(again.directory, mount.directory);
      // The first alone, so that the others are in no cache when the next one is killed.
      assert.deepEqual(await sums(again.directory, 'first'), [expected[0]]);
    }
    assert.match(warnings.join('\n'), /its mounts are lost/);
    await before.release();
    await mounts.close();
    assert.deepEqual(leftovers(path), []);
  },
);

test(
  'mounts that are under way when what serves them dies end, and the next ones are made',
  { skip },
  async (t) => {
    const { path, image, open } = await world(t);
    const mounts = await open();
    for (const delayMs of [0, 20, 60]) {
      const early = mounts.mount(image).then(async (mount) => mount.release());
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const line = leftovers(path).find((each) => each.includes('--image-devices')) ?? '';
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
      const late = mounts.mount(image).then(async (mount) => mount.release());
      await Promise.allSettled([early, late]);
      await until(() => !leftovers(path).some((each) => each.startsWith(`${Number.parseInt(line, 10)}: `)));
      const { directory } = await mounts.mount(image);
      assert.deepEqual(await sums(directory, 'second'), [expected[1]]);
    }
  },
);

test('nothing is left by a run that was killed, once the next one opens', { skip }, async (t) => {
  const { path, open, image } = await world(t);
  const program = join(import.meta.dirname, '..', 'fixtures', 'mounting-child.ts');
  for (const kills of ['itself', 'everything']) {
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(String(said), /mounted/);
    assert.ok(leftovers(path).some((line) => line.startsWith('loop')));
    const others = leftovers(path).flatMap((line) =>
      /^\d+: /.test(line) ? [Number.parseInt(line, 10)] : [],
    );
    for (const pid of kills === 'itself' ? [child.pid ?? 0] : others) process.kill(pid, 'SIGKILL');
    await once(child, 'exit');
    // The device program takes everything down when Lambkin alone was killed; else the next start does.
    if (kills === 'itself') await until(() => leftovers(path).length === 0);
    const mounts = await open();
    const { directory } = await mounts.mount(image);
    assert.deepEqual(await sums(directory, ...names), expected);
    await mounts.close();
    assert.deepEqual(leftovers(path), []);
  }
});

test(
  'namespaces that were made after the mounts were opened see what is mounted later',
  { skip },
  async (t) => {
    const { open, image } = await world(t);
    const mounts = await open();
    const enclave = spawn(
      'unshare',
      ['--mount', '--propagation', 'slave', '--', 'sh', '-c', 'echo up; read -r at; cat "$at"'],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    await once(enclave.stdout, 'data');
    const { directory } = await mounts.mount(image);
    let bytes = 0;
    enclave.stdout.on('data', (piece: Buffer) => (bytes += piece.length));
    enclave.stdin.end(`${join(directory, 'first')}\n`);
    await once(enclave, 'close');
    assert.equal(bytes, 3 * MiB);
    await mounts.close();
  },
);

test(
  'the first reads of an image are recorded, and fetched ahead by the next worker',
  { skip },
  async (t) => {
    const { path, store, open, image } = await world(t);
    const first = await open({ traceMs: 1500 });
    await sums((await first.mount(image)).directory, 'third');
    let trace: readonly number[] = [];
    for (let look = 0; trace.length === 0 && look < 2000; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      trace = (await store.find(account, image))?.trace ?? [];
    }
    assert.ok(trace.includes(15) && !trace.includes(3), `recorded: ${trace.join(' ')}`);
    await first.close();
    const cache = { directory: join(path, 'other-cache'), bytesMax: 99 * MiB };
    const second = await open({ cache });
    await second.mount(image);
    const wanted = trace.length;
    for (let look = 0; ((await second.counts()).hits['store'] ?? 0) < wanted; look += 1) {
      assert.ok(look < 2000, 'the trace is not read ahead');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await second.close();
  },
);

test(
  'what one worker read the next one has from the zone, with a dead node and without the store',
  { skip },
  async (t) => {
    const { path, image, open } = await world(t);
    const secret = 'a-secret-of-the-zone';
    const nodes = await Promise.all(
      Array.from({ length: 5 }, async () =>
        openCacheNode({
          host: '127.0.0.1',
          port: 0,
          directory: undefined,
          diskBytesMax: 0,
          memoryBytesMax: 64 * MiB,
          secret,
          entropy: systemEntropy,
        }),
      ),
    );
    t.after(async () => Promise.all(nodes.map(async (node) => node.close())));
    const zone = { nodes: nodes.map(({ port }) => `http://127.0.0.1:${port}`), secret };
    const worker = async (name: string): Promise<CountedImageMounts> =>
      open({
        directory: join(path, name),
        cache: { directory: join(path, `${name}-cache`), bytesMax: 99 * MiB },
        zone,
      });
    // Also where names are longer than those of sockets may be.
    const first = await worker('one'.repeat(60));
    await sums((await first.mount(image)).directory, ...names);
    const chunks = (await first.counts()).hits['store'] ?? 0;
    await until(() => nodes.every((node) => node.counts().puts === chunks));
    const second = await worker('two');
    const { directory } = await second.mount(image);
    await nodes[3]?.close();
    renameSync(join(path, 'store'), join(path, 'away'));
    assert.deepEqual(await sums(directory, ...names), expected);
    const { hits, zone: counts } = await second.counts();
    assert.deepEqual([hits['store'], hits['zone']], [undefined, chunks]);
    assert.equal(counts.wrongShards, 0);
    renameSync(join(path, 'away'), join(path, 'store'));
  },
);
