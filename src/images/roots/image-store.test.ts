/** Images in and out of a store: shared, private to their account, moved between roots, and safe from whoever dies in between. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { prng } from '#lib/prng';
import { FakeClock, seededEntropy, type Blobs, type Documents } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { openKeyring } from '../chunks/keyring.ts';
import { workspace } from '../fixtures/image.ts';
import { readMasterKeys } from '../host/master-key-file.ts';
import { chunkBytes } from '../limits.ts';
import { ChunkSource } from '../reading/chunk-source.ts';
import { Collector } from './collector.ts';
import { ImageStore, type StoredImage } from './image-store.ts';
import { rootsBlobs, rootsKey, rootTable } from './records.ts';

const minute = 60_000;
const collection = { epochMs: 60 * minute, retiredMs: 10 * minute, expiredMs: 30 * minute };

interface World {
  readonly blobs: Blobs;
  readonly documents: Documents;
  readonly clock: FakeClock;
  readonly store: ImageStore;
  readonly collector: Collector;
  readonly alarms: number[];
}

function world(blobs: Blobs = memoryBlobs(), documents: Documents = memoryDocuments(), seed = 1): World {
  const clock = new FakeClock();
  const entropy = seededEntropy(seed);
  const keyring = openKeyring({ kind: 'local', masterKeys: [Buffer.alloc(32, 7)], entropy });
  const alarms: number[] = [];
  const common = { blobs, documents, clock, entropy, keyring };
  const store = new ImageStore({ ...common, onAlarm: (root) => void alarms.push(root) });
  return { blobs, documents, clock, store, collector: new Collector({ ...common, collection }), alarms };
}

/** Chunk `index` is full of `seeds[index]`; 0 makes zeros. */
const upload = async (
  { store }: World,
  account: string,
  reference: string,
  seeds: readonly number[],
  meanwhile?: () => Promise<void>,
): Promise<StoredImage> =>
  store.upload({
    account,
    reference,
    produce: async (sink) => {
      await Promise.all(seeds.map(async (seed, index) => sink.put(index, Buffer.alloc(chunkBytes, seed))));
      await meanwhile?.();
      return { sizeBytes: seeds.length * chunkBytes };
    },
  });

const readAll = async (
  { store }: World,
  account: string,
  image: string,
): Promise<readonly number[] | undefined> => {
  const source = new ChunkSource({ memoryBytesMax: chunkBytes, tiers: [] });
  const reader = await store.open(account, image, source);
  if (reader === undefined) return undefined;
  const seeds: number[] = [];
  for (let at = 0; at < reader.sizeBytes; at += chunkBytes) {
    const bytes = await reader.read(at, chunkBytes);
    const [seed = -1] = bytes;
    assert.ok(Buffer.alloc(chunkBytes, seed).equals(bytes));
    seeds.push(seed);
  }
  return seeds;
};

const blobCount = async ({ blobs }: World): Promise<number> => (await blobs.list(rootsBlobs)).length;

test('what is uploaded is read back; zeros are not stored, equal chunks are stored once', async () => {
  const here = world();
  const first = await upload(here, 'a', 'f1', [1, 0, 2, 1]);
  assert.deepEqual([first.stored, first.present, first.zero, first.sizeBytes], [2, 1, 1, 4 * chunkBytes]);
  assert.deepEqual(await readAll(here, 'a', first.image), [1, 0, 2, 1]);
  const same = await upload(here, 'a', 'f2', [1, 0, 2, 1]);
  assert.deepEqual([same.stored, same.image], [0, first.image]);
  const other = await upload(here, 'b', 'f', [1, 0, 2, 1]);
  assert.equal(other.stored, 0);
  assert.notEqual(other.image, first.image);
  assert.equal(await readAll(here, 'b', first.image), undefined);
});

test('no byte of an image is in the store in the clear', async () => {
  const here = world();
  await upload(here, 'a', 'f', [65]);
  for (const { key } of await here.blobs.list('')) {
    const bytes = Buffer.from((await here.blobs.get(key)) ?? []);
    assert.equal(bytes.indexOf(Buffer.alloc(16, 65)), -1, key);
  }
});

test('another epoch has another salt, so its chunks share nothing with the last one', async () => {
  const here = world();
  await upload(here, 'a', 'f', [1, 2]);
  here.clock.advance(collection.epochMs);
  await here.collector.collect();
  assert.equal((await upload(here, 'a', 'g', [1, 2])).stored, 2);
});

test("a manifest that is another account's, or changed, does not open", async () => {
  const here = world();
  const { image } = await upload(here, 'a', 'f', [1]);
  const key = `${rootsBlobs}1/manifests/${image}`;
  const bytes = Buffer.from((await here.blobs.get(key)) ?? []);
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  await here.blobs.delete(key);
  await assert.rejects(
    readAll(here, 'a', image),
    (error) => error instanceof ChunkError && error.reason === 'missing',
  );
  await here.blobs.putIfAbsent(key, bytes);
  await assert.rejects(
    readAll(here, 'a', image),
    (error) => error instanceof ChunkError && error.reason === 'sealed',
  );
});

test('an image goes with its last reference, and its blobs with its root', async () => {
  const here = world();
  const { image } = await upload(here, 'a', 'f1', [1, 2]);
  assert.equal(await here.store.refer('a', image, 'f2'), true);
  await here.store.release('a', image, 'f1');
  assert.deepEqual(await readAll(here, 'a', image), [1, 2]);
  await here.store.release('a', image, 'f2');
  await here.store.release('a', image, 'f2');
  assert.equal(await readAll(here, 'a', image), undefined);
  assert.equal(await here.store.refer('a', image, 'f3'), false);
  for (const stepMs of [collection.epochMs, collection.retiredMs, collection.expiredMs]) {
    assert.equal(await blobCount(here), 3);
    here.clock.advance(stepMs);
    await here.collector.collect();
  }
  assert.equal(await blobCount(here), 0);
});

test('all references of an account are listed, and no other', async () => {
  const here = world();
  const one = await upload(here, 'a', 'f1', [1]);
  await here.store.refer('a', one.image, 'f2');
  const two = await upload(here, 'a', 'f3', [2]);
  await upload(here, 'ab', 'f4', [3]);
  const listed = (await here.store.references('a')).map(
    ({ imageId, reference }) => `${imageId} ${reference}`,
  );
  assert.deepEqual(listed.toSorted(), [`${one.image} f1`, `${one.image} f2`, `${two.image} f3`].toSorted());
  await here.store.release('a', one.image, 'f1');
  await here.store.release('a', one.image, 'f2');
  assert.deepEqual(await here.store.references('a'), [{ imageId: two.image, reference: 'f3' }]);
});

test('a reader goes on while its image is carried to the next root and the old one is deleted', async () => {
  const here = world();
  const kept = await upload(here, 'a', 'f', [1, 2, 3]);
  const dropped = await upload(here, 'a', 'g', [4, 5]);
  const source = new ChunkSource({ memoryBytesMax: chunkBytes, tiers: [] });
  const reader = await here.store.open('a', kept.image, source);
  await here.store.release('a', dropped.image, 'g');
  for (let round = 0; round < 12; round += 1) {
    here.clock.advance(20 * minute);
    assert.deepEqual((await here.collector.collect()).failed, []);
    const at = (round % 3) * chunkBytes;
    assert.equal((await reader?.read(at, 1))?.[0], (round % 3) + 1);
    assert.deepEqual(await readAll(here, 'a', kept.image), [1, 2, 3]);
  }
  assert.deepEqual(here.alarms, []);
  const keys = (await here.blobs.list(rootsBlobs)).map(({ key }) => key);
  assert.ok(!keys.some((key) => key.startsWith(`${rootsBlobs}1/`)), 'the first root is gone');
});

test('a read of an expired root is served, is an alarm, and keeps the root', async () => {
  const here = world();
  const { image } = await upload(here, 'a', 'f', [1, 2]);
  const reader = await here.store.open(
    'a',
    image,
    new ChunkSource({ memoryBytesMax: chunkBytes, tiers: [] }),
  );
  await here.store.release('a', image, 'f');
  here.clock.advance(collection.epochMs);
  await here.collector.collect();
  here.clock.advance(collection.retiredMs);
  await here.collector.collect();
  for (let round = 0; round < 5; round += 1) {
    here.clock.advance(collection.expiredMs - minute);
    assert.equal((await reader?.read((round % 2) * chunkBytes, 1))?.[0], (round % 2) + 1);
    await here.collector.collect();
  }
  assert.deepEqual(here.alarms, [1, 1, 1, 1, 1]);
  here.clock.advance(collection.expiredMs);
  await here.collector.collect();
  await assert.rejects(async () => reader?.read(chunkBytes, 1), ChunkError);
});

test('an upload that began under a root that was retired meanwhile is carried, or refused when that root is gone', async () => {
  const here = world();
  const carried = await upload(here, 'a', 'f', [1, 2], async () => {
    here.clock.advance(collection.epochMs);
    await here.collector.collect();
  });
  assert.deepEqual(await readAll(here, 'a', carried.image), [1, 2]);
  const late = upload(here, 'a', 'g', [3], async () => {
    for (let round = 0; round < 6; round += 1) {
      here.clock.advance(collection.epochMs);
      await here.collector.collect();
    }
  });
  await assert.rejects(late, (error) => error instanceof ChunkError && error.reason === 'superseded');
  assert.deepEqual(await readAll(here, 'a', carried.image), [1, 2]);
});

test('a failed upload leaves nothing but what is collected', async () => {
  const here = world();
  const failure = new Error('the layer broke');
  const failed = upload(here, 'a', 'f', [1, 2, 3], async () => {
    throw failure;
  });
  await assert.rejects(failed, (error) => error === failure);
  assert.equal(await blobCount(here), 3);
  for (let round = 0; round < 6; round += 1) {
    here.clock.advance(collection.epochMs);
    await here.collector.collect();
  }
  assert.equal(await blobCount(here), 0);
});

test('a damaged chunk keeps its root and is told; other images go on', async () => {
  const here = world();
  const broken = await upload(here, 'a', 'f', [1]);
  const sound = await upload(here, 'a', 'g', [2]);
  const [chunk] = await here.blobs.list(`${rootsBlobs}1/chunks/`);
  const key = chunk?.key ?? '';
  const size = chunk?.sizeBytes ?? 0;
  await here.blobs.delete(key);
  await here.blobs.putIfAbsent(key, Buffer.alloc(size, 9));
  here.clock.advance(collection.epochMs);
  const { failed, carried } = await here.collector.collect();
  assert.equal(failed.length, 1);
  assert.match(failed[0]?.reason ?? '', /damaged/);
  assert.equal(carried, 1);
  const results = await Promise.allSettled(
    [broken, sound].map(async ({ image }) => readAll(here, 'a', image)),
  );
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

class Crash extends Error {}

/** Every call may be the last one of whoever makes it. */
function dying<Port extends object>(port: Port, dies: () => boolean): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        if (dies()) throw new Crash();
        const result: unknown = await Reflect.apply(value, target, args);
        // Also after it was done, before anybody heard of it.
        if (dies()) throw new Crash();
        return result;
      };
    },
  });
}

/** What the work resolved with; undefined where a crash interrupted it, which tells of it in its own way. */
async function orCrash<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Crash || error instanceof ChunkError) return undefined;
    throw error;
  }
}

for (let seed = 1; seed <= 12; seed += 1) {
  test(`with crashes anywhere, no image that was answered is lost (seed ${seed})`, async () => {
    const random = prng(seed);
    const real = world(memoryBlobs(), memoryDocuments(), seed);
    let risky = true;
    const dies = (): boolean => risky && random.next() < 0.02;
    const flaky = world(dying(real.blobs, dies), dying(real.documents, dies), seed + 100);
    const answered = new Map<string, readonly number[]>();
    const pick = (count: number): number => Math.floor(random.next() * count);
    for (let round = 0; round < 25; round += 1) {
      const seeds = Array.from({ length: 1 + pick(3) }, () => pick(6));
      const jobs: Promise<unknown>[] = [
        orCrash(upload(flaky, 'a', 'f', seeds)).then((stored) => stored && answered.set(stored.image, seeds)),
        orCrash(flaky.collector.collect()),
      ];
      const victim = [...answered.keys()][pick(answered.size * 3)];
      if (victim !== undefined) {
        answered.delete(victim);
        jobs.push(orCrash(flaky.store.release('a', victim, 'f')));
      }
      await Promise.all(jobs);
      // An upload of the same image may have been answered while its release was still on its way.
      if (victim !== undefined) answered.delete(victim);
      const stepMs = pick(40) * minute;
      real.clock.advance(stepMs);
      flaky.clock.advance(stepMs);
      for (const [image, meant] of answered) assert.deepEqual(await readAll(real, 'a', image), meant);
    }
    // Nobody dies any more: what is not needed goes.
    risky = false;
    for (const { key } of (await real.documents.list('images/manifests/')).documents) {
      await real.store.release('a', key.split('/')[3] ?? '', 'f');
    }
    for (let round = 0; round < 8; round += 1) {
      real.clock.advance(collection.epochMs);
      await real.collector.collect();
    }
    assert.equal(await blobCount(real), 0);
    const { roots, salts } = rootTable(await real.documents.get(rootsKey));
    assert.equal(Object.keys(salts).length, roots.length);
  });
}

test('the master key file is made once, for its owner only, and anything else in it is refused', async () => {
  const { path, remove } = workspace();
  try {
    const file = join(path, 'new', 'images.key');
    const entropy = seededEntropy(3);
    const [first, second] = await Promise.all([readMasterKeys(file, entropy), readMasterKeys(file, entropy)]);
    assert.deepEqual(first, second);
    assert.deepEqual(await readMasterKeys(file, entropy), first);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const wrong = join(path, 'wrong');
    writeFileSync(wrong, 'not a key\n', { mode: 0o600 });
    const name = 'OperatorError';
    await assert.rejects(readMasterKeys(wrong, entropy), { name, message: /holds no master key/ });
    writeFileSync(join(path, 'open'), '', { mode: 0o644 });
    await assert.rejects(readMasterKeys(join(path, 'open'), entropy), { name, message: /read by others/ });
    chmodSync(file, 0o640);
    await assert.rejects(readMasterKeys(file, entropy), { name, message: /read by others; make it 0600/ });
    assert.equal(statSync(file).mode & 0o777, 0o640, 'it is the operator who narrows them');
    mkdirSync(join(path, 'dir'), { mode: 0o700 });
    await assert.rejects(readMasterKeys(join(path, 'dir'), entropy));
  } finally {
    remove();
  }
});

test('the record of a start is kept with the image, sealed, carried with it, and only a hint', async () => {
  const here = world();
  const { image } = await upload(here, 'a', 'f', [1, 2, 3]);
  const traceOf = async (): Promise<readonly number[] | undefined> =>
    (await here.store.find('a', image))?.trace;
  assert.deepEqual(await traceOf(), []);
  await here.store.recordTrace('a', image, [2, 0]);
  await here.store.recordTrace('a', image, [1]);
  assert.deepEqual(await traceOf(), [2, 0], 'the first one counts');
  here.clock.advance(collection.epochMs);
  await here.collector.collect();
  assert.deepEqual(await traceOf(), [2, 0], 'it moved with the image');
  const trace = (await here.blobs.list(`${rootsBlobs}2/`)).find(({ key }) => key.includes('/traces/'));
  assert.ok(trace !== undefined);
  await here.blobs.delete(trace.key);
  await here.blobs.putIfAbsent(trace.key, Buffer.from('damaged'));
  assert.deepEqual(await traceOf(), []);
  await here.store.recordTrace('a', '0'.repeat(64), [1]);
  assert.deepEqual(await readAll(here, 'a', image), [1, 2, 3]);
});
