/** Reads: right bytes or an error, whatever tiers do; one fetch for all who wait; bounded. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { seededEntropy } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { sealChunk } from '../chunks/seal.ts';
import { workspace } from '../fixtures/image.ts';
import { openDiskTier } from '../host/disk-tier.ts';
import { chunkBytes } from '../limits.ts';
import { ChunkSource } from './chunk-source.ts';
import { ImageReader } from './image-reader.ts';
import type { ChunkTier } from './tier.ts';

const salt = Buffer.from('salt');
const count = 6;
/** Chunk 2 is zeros. */
const image = Buffer.concat(
  Array.from({ length: count }, (_, index) => Buffer.alloc(chunkBytes, index === 2 ? 0 : `chunk ${index}`)),
);
const sealed = Array.from({ length: count }, (_, index) => ({
  index,
  ...sealChunk(salt, image.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
})).filter(({ index }) => index !== 2);
const manifest = { sizeBytes: image.length, chunks: sealed };
const byName = new Map(sealed.map(({ name, ciphertext }) => [name, ciphertext]));

class Fake implements ChunkTier {
  readonly name: string;
  readonly answer: (name: string) => Uint8Array | undefined;
  readonly asked: string[] = [];
  readonly kept: string[] = [];
  readonly dropped: string[] = [];
  running = 0;
  runningMost = 0;
  constructor(name: string, answer: (name: string) => Uint8Array | undefined) {
    this.name = name;
    this.answer = answer;
  }
  async get(name: string): Promise<Uint8Array | undefined> {
    this.asked.push(name);
    this.running += 1;
    this.runningMost = Math.max(this.runningMost, this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running -= 1;
    return this.answer(name);
  }
  keep(name: string): void {
    this.kept.push(name);
  }
  drop(name: string): void {
    this.dropped.push(name);
  }
}
const sound = (): Fake => new Fake('store', (name) => byName.get(name));
const open = (
  store: ChunkTier,
  tiers: readonly ChunkTier[] = [],
  memoryChunks = 10,
  missesMax = 4,
  missesWaitingMax = 100,
): { reader: ImageReader; source: ChunkSource } => {
  const source = new ChunkSource({
    memoryBytesMax: memoryChunks * chunkBytes,
    tiers,
    missesMax,
    missesWaitingMax,
  });
  return { reader: new ImageReader(manifest, source, store), source };
};

test('any range reads as the image has it, with any cache', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.tuple(fc.nat(image.length), fc.nat(3 * chunkBytes)), { maxLength: 12 }),
      async (memoryChunks, ranges) => {
        const { reader } = open(sound(), [], memoryChunks);
        await Promise.all(
          ranges.map(async ([offset, wanted]) => {
            const length = Math.min(wanted, image.length - offset);
            assert.ok((await reader.read(offset, length)).equals(image.subarray(offset, offset + length)));
          }),
        );
      },
    ),
    { numRuns: 30 },
  );
});

test('reads outside the image are refused', async () => {
  const { reader } = open(sound());
  for (const [offset, length] of [
    [-1, 5],
    [0.5, 5],
    [0, -1],
    [image.length, 1],
    [image.length - 1, 2],
    [0, 64 * 1024 * 1024],
  ] as const) {
    await assert.rejects(reader.read(offset, length), RangeError);
  }
  assert.equal((await reader.read(image.length, 0)).length, 0);
});

test('however many read a chunk at once, it is fetched once; then memory has it', async () => {
  const store = sound();
  const { reader, source } = open(store);
  await Promise.all(Array.from({ length: 50 }, async (_, at) => reader.read(at * 100, 50)));
  await reader.read(10, 10);
  assert.equal(store.asked.length, 1);
  assert.equal(source.counts.hits['store'], 1);
  assert.ok(source.counts.memoryHits >= 1);
});

test('two images that share a chunk share the fetch, but not the failure of the other one’s store', async () => {
  const source = new ChunkSource({ memoryBytesMax: chunkBytes, tiers: [] });
  const lost = new ImageReader(manifest, source, new Fake('lost', () => undefined));
  const store = sound();
  const kept = new ImageReader(manifest, source, store);
  const [first, second] = await Promise.allSettled([lost.read(0, 9), kept.read(0, 9)]);
  assert.equal(first.status, 'rejected');
  assert.ok(second.status === 'fulfilled' && second.value.equals(image.subarray(0, 9)));
  const other = new ImageReader(manifest, source, sound());
  await Promise.all([kept.read(chunkBytes, 9), other.read(chunkBytes, 9)]);
  assert.equal(source.counts.hits['store'], 2);
});

test('few chunks are fetched at a time, and too many that wait are refused', async () => {
  const store = sound();
  const { reader } = open(store, [], 10, 2, 2);
  const reads = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => reader.read(index * chunkBytes, 1)),
  );
  assert.equal(store.runningMost, 2);
  const refused = reads.filter((read) => read.status === 'rejected');
  assert.equal(refused.length, 1);
  assert.equal(refused[0]?.reason instanceof ChunkError && refused[0].reason.reason, 'overloaded');
  await reader.read(0, 1);
});

const flip = (bytes: Uint8Array | undefined): Uint8Array => {
  const changed = Buffer.from(bytes ?? []);
  changed[77] = (changed[77] ?? 0) ^ 0x10;
  return changed;
};
const swapped = (name: string): Uint8Array | undefined =>
  sealed.find((chunk) => chunk.name !== name)?.ciphertext;
const faults: Readonly<Record<string, (name: string) => Uint8Array | undefined>> = {
  flipped: (name) => flip(byName.get(name)),
  truncated: (name) => byName.get(name)?.subarray(0, -1),
  empty: () => new Uint8Array(),
  swapped,
};

for (const [fault, answer] of Object.entries(faults)) {
  test(`a ${fault} chunk in a cache is dropped, counted, and fetched from further down`, async () => {
    const [disk, zone, store] = [new Fake('disk', answer), new Fake('zone', () => undefined), sound()];
    const { reader, source } = open(store, [disk, zone]);
    assert.ok((await reader.read(0, 100)).equals(image.subarray(0, 100)));
    assert.deepEqual(source.counts, {
      memoryHits: 0,
      hits: { store: 1 },
      corrupt: { disk: 1 },
      failures: {},
    });
    assert.equal(disk.dropped.length, 1);
    assert.deepEqual([disk.kept.length, zone.kept.length], [1, 1]);
  });

  test(`a chunk that is ${fault} everywhere is an error, never bytes`, async () => {
    const { reader } = open(new Fake('store', answer), [new Fake('disk', answer)]);
    await assert.rejects(
      reader.read(0, 100),
      (error) => error instanceof ChunkError && error.reason === 'corrupt',
    );
  });
}

test('tiers that fail are passed over; when all do, the read fails and may be tried again', async () => {
  let broken = true;
  const failing = new Fake('disk', () => {
    throw new Error('EIO');
  });
  const store = new Fake('store', (name) => {
    if (broken) throw new Error('503');
    return byName.get(name);
  });
  const { reader, source } = open(store, [failing]);
  await assert.rejects(
    reader.read(0, 1),
    (error) => error instanceof ChunkError && error.reason === 'unavailable',
  );
  broken = false;
  assert.ok((await reader.read(0, 1)).equals(image.subarray(0, 1)));
  assert.deepEqual(source.counts.failures, { disk: 2, store: 1 });
  const none = open(new Fake('store', () => undefined));
  await assert.rejects(
    none.reader.read(0, 1),
    (error) => error instanceof ChunkError && error.reason === 'missing',
  );
});

test('the first reads are recorded in their order, and can be fetched ahead', async () => {
  const { reader } = open(sound());
  await reader.read(4 * chunkBytes, 1);
  await reader.read(0, 2 * chunkBytes);
  await reader.read(2 * chunkBytes, 5);
  assert.deepEqual(reader.trace, [4, 0, 1]);
  const store = sound();
  const next = open(store);
  await next.reader.readAhead([...reader.trace, 99]);
  assert.equal(store.asked.length, 3);
  await next.reader.read(0, chunkBytes);
  assert.equal(store.asked.length, 3);
  assert.deepEqual(next.reader.trace, [0]);
});

test('the disk keeps chunks within its bound and over a restart, and damage in it does no harm', async () => {
  const { path, remove } = workspace();
  try {
    const options = { directory: join(path, 'cache'), bytesMax: 3 * chunkBytes, entropy: seededEntropy(1) };
    const files = (): string[] =>
      readdirSync(options.directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /[0-9a-f]{64}$/.test(name),
      );
    const disk = await openDiskTier(options);
    await open(sound(), [disk]).reader.read(0, image.length);
    await disk.settle();
    assert.equal(files().length, 3);
    mkdirSync(join(options.directory, 'not-ours'));
    const again = await openDiskTier(options);
    const [kept = ''] = files();
    writeFileSync(join(options.directory, kept), 'damaged');
    const { reader, source } = open(sound(), [again]);
    assert.ok((await reader.read(0, image.length)).equals(image));
    assert.deepEqual([source.counts.hits, source.counts.corrupt], [{ disk: 2, store: 3 }, { disk: 1 }]);
    await again.settle();
    assert.ok(files().length <= 3);
  } finally {
    remove();
  }
});

test('fetching ahead takes equal chunks once, no more than half of memory, and what is wanted now before', async () => {
  const store = sound();
  const { reader, source } = open(store, [], 4);
  await reader.readAhead([0, 0, 1, 3, 4, 5]);
  assert.equal(store.asked.length, 1, 'two places, of the same chunk');
  const slow = sound();
  const next = open(slow, [], 20, 1);
  const ahead = next.reader.readAhead([0, 1, 3, 4]);
  const wanted = next.reader.read(4 * chunkBytes, 1);
  await Promise.all([ahead, wanted]);
  const order = slow.asked.map((name) => sealed.find((chunk) => chunk.name === name)?.index);
  assert.deepEqual(order, [0, 4, 1, 3]);
  assert.equal(source.counts.hits['store'], 1);
});
