/** A store whose keys are in KMS, while KMS comes and goes: images stay, and go on once it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { FakeClock, seededEntropy, seededRandom } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { openKeyring, type Keyring, type KeyringOptions } from '../chunks/keyring.ts';
import { FakeKms } from '../fixtures/kms.ts';
import { chunkBytes } from '../limits.ts';
import { ChunkSource } from '../reading/chunk-source.ts';
import { Collector } from './collector.ts';
import { ImageStore } from './image-store.ts';

const minute = 60_000;
const collection = { epochMs: 60 * minute, retiredMs: 10 * minute, expiredMs: 30 * minute };

const clock = new FakeClock();
const entropy = seededEntropy(1);
const kms = new FakeKms('one');
const local = { kind: 'local', masterKeys: [Buffer.alloc(32, 1)], entropy } as const;
const remote = {
  kind: 'kms',
  keyIds: ['one'],
  call: kms.call,
  clock,
  random: seededRandom(1),
  entropy,
} as const;

const blobs = memoryBlobs();
const documents = memoryDocuments();

interface Opened {
  readonly store: ImageStore;
  readonly collector: Collector;
  /** Of an image of one chunk: what it is full of. */
  readonly read: (image: string) => Promise<number | undefined>;
  readonly upload: (seed: number) => Promise<string>;
}

/** The same store as a process sees it that was started with these keys. */
function opened(keys: KeyringOptions): Opened {
  const keyring: Keyring = openKeyring(keys);
  const common = { blobs, documents, clock, entropy, keyring };
  const store = new ImageStore(common);
  return {
    store,
    collector: new Collector({ ...common, collection }),
    read: async (image) => {
      const source = new ChunkSource({ memoryBytesMax: chunkBytes, tiers: [] });
      const reader = await store.open('a', image, source);
      return (await reader?.read(0, 1))?.[0];
    },
    upload: async (seed) => {
      const { image } = await store.upload({
        account: 'a',
        reference: 'f',
        produce: async (sink) => {
          await sink.put(0, Buffer.alloc(chunkBytes, seed));
          return { sizeBytes: chunkBytes };
        },
      });
      return image;
    },
  };
}

const withheld = (error: unknown): boolean => error instanceof ChunkError && error.reason === 'withheld';

/** Long enough for a root to be retired, emptied and deleted. */
async function rounds(collector: Collector, count = 8): Promise<readonly string[]> {
  const failed: string[] = [];
  for (let round = 0; round < count; round += 1) {
    clock.advance(collection.expiredMs);
    const collected = await collector.collect().catch((error: unknown) => error);
    if (collected instanceof Error) failed.push(collected.message);
    else failed.push(...(collected as Awaited<ReturnType<Collector['collect']>>).failed.map((f) => f.reason));
  }
  return failed;
}

test('images that a local key sealed go on under KMS, and need the local key no more once they were carried', async () => {
  const before = opened(local);
  const image = await before.upload(1);
  await before.store.recordTrace('a', image, [0]);
  const moved = opened({ kind: 'both', first: remote, then: local });
  assert.equal(await moved.read(image), 1);
  await assert.rejects(opened(remote).read(image), withheld);
  assert.deepEqual(await rounds(moved.collector), []);
  const after = opened(remote);
  assert.equal(await after.read(image), 1);
  assert.deepEqual((await after.store.find('a', image))?.trace, [0]);
  await assert.rejects(opened(local).read(image), withheld);
});

test('while KMS gives no key nothing is deleted; afterwards all is there and goes on', async () => {
  const first = opened(remote);
  const image = await first.upload(2);
  kms.set('one', 'denied');
  const other = opened(remote);
  await assert.rejects(other.read(image), withheld);
  await assert.rejects(other.upload(3), withheld);
  const keys = (await blobs.list('images/')).map(({ key }) => key);
  const failed = await rounds(other.collector);
  assert.ok(failed.length > 0);
  for (const reason of failed) assert.match(reason, /AccessDeniedException/);
  const left = new Set((await blobs.list('images/')).map(({ key }) => key));
  assert.deepEqual(
    keys.filter((key) => !left.has(key)),
    [],
  );
  kms.set('one', 'enabled');
  assert.equal(await other.read(image), 2);
  assert.deepEqual(await rounds(other.collector), []);
  assert.equal(await opened(remote).read(image), 2);
});
