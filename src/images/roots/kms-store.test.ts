/** A store whose keys are in KMS, while KMS comes and goes: images stay, and go on once it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { FakeClock, seededEntropy, seededRandom, type Blobs } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { openKeyring, type KeyringOptions } from '../chunks/keyring.ts';
import type { KmsKeys } from '../chunks/kms-keyring.ts';
import type { LocalKeys } from '../chunks/local-keyring.ts';
import type { KmsCall } from '../chunks/kms.ts';
import { FakeKms, kmsError } from '../fixtures/kms.ts';
import { chunkBytes } from '../limits.ts';
import { ChunkSource } from '../reading/chunk-source.ts';
import { Collector } from './collector.ts';
import { ImageStore, type ImageStoreOptions } from './image-store.ts';

const minute = 60_000;
const collection = { epochMs: 60 * minute, retiredMs: 10 * minute, expiredMs: 30 * minute };

interface Opened {
  readonly store: ImageStore;
  readonly collector: Collector;
  /** Of an image of one chunk: what it is full of. */
  readonly read: (image: string) => Promise<number | undefined>;
  readonly upload: (seed: number) => Promise<string>;
}

interface World {
  readonly clock: FakeClock;
  readonly blobs: Blobs;
  readonly local: LocalKeys;
  readonly remote: KmsKeys;
  /** The same store as a process sees it that was started with these keys. */
  readonly opened: (keys: KeyringOptions) => Opened;
}

/** `denied`: what KMS refuses, as of now. */
function world(denied: (operation: string) => boolean = () => false): World {
  const clock = new FakeClock();
  const entropy = seededEntropy(1);
  const [blobs, documents] = [memoryBlobs(), memoryDocuments()];
  const kms = new FakeKms('one');
  const call: KmsCall = async (operation, input) =>
    denied(operation)
      ? { kind: 'answered', ...kmsError('AccessDeniedException') }
      : kms.call(operation, input);
  return {
    clock,
    blobs,
    local: { kind: 'local', masterKeys: [Buffer.alloc(32, 1)], entropy },
    remote: { kind: 'kms', keyIds: ['one'], call, clock, random: seededRandom(1), entropy },
    opened: (keys) => open({ blobs, documents, clock, entropy, keyring: openKeyring(keys) }),
  };
}

function open(common: ImageStoreOptions): Opened {
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
async function rounds(clock: FakeClock, collector: Collector, count = 8): Promise<readonly string[]> {
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
  const { clock, local, remote, opened } = world();
  const before = opened(local);
  const image = await before.upload(1);
  await before.store.recordTrace('a', image, [0]);
  const moved = opened({ kind: 'both', first: remote, second: local });
  assert.equal(await moved.read(image), 1);
  await assert.rejects(opened(remote).read(image), withheld);
  assert.deepEqual(await rounds(clock, moved.collector), []);
  const after = opened(remote);
  assert.equal(await after.read(image), 1);
  assert.deepEqual((await after.store.find('a', image))?.trace, [0]);
  await assert.rejects(opened(local).read(image), withheld);
});

for (const refused of ['GenerateDataKey', 'Decrypt'])
  test(`while KMS gives no key nothing is deleted; afterwards all is there and goes on: ${refused}`, async () => {
    let away = false;
    const { clock, blobs, remote, opened } = world((operation) => away && operation === refused);
    const image = await opened(remote).upload(2);
    away = true;
    const keys = (await blobs.list('images/')).map(({ key }) => key);
    assert.equal(keys.length, 2);
    const other = opened(remote);
    await assert.rejects(other.upload(3), withheld);
    if (refused === 'Decrypt') await assert.rejects(other.read(image), withheld);
    const failed = await rounds(clock, other.collector);
    assert.ok(failed.length > 0);
    for (const reason of failed) assert.match(reason, /AccessDeniedException/);
    const left = new Set((await blobs.list('images/')).map(({ key }) => key));
    assert.deepEqual(
      keys.filter((key) => !left.has(key)),
      [],
    );
    away = false;
    assert.equal(await other.read(image), 2);
    assert.deepEqual(await rounds(clock, other.collector), []);
    assert.equal(await opened(remote).read(image), 2);
    const now = new Set((await blobs.list('images/')).map(({ key }) => key));
    assert.ok(
      keys.every((key) => !now.has(key)),
      'it was carried, and the old root went',
    );
  });
