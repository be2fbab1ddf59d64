/** The cache over a store: fresh, whole, and of use while the store is away. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import {
  type Change,
  type Documents,
  FakeClock,
  type Json,
  type Random,
  seededRandom,
  type Write,
} from '#platform';
import { someVersion } from './fixtures/some-version.ts';
import { aliasKey, functionKey, functionUrlKey, versionKey } from './keys.ts';
import type { AliasRecord, FunctionRecord, FunctionUrlRecord, VersionRecord } from './records.ts';
import { openMetadataCache, type WatchedMetadata } from './service.ts';
import type { VersionChange } from './state.ts';

const accountId = '000000000000';
const nameOf = (functionName: string) => ({ accountId, region: 'us-east-1', functionName });

const put = (key: string, value: object): Write => ({
  kind: 'put',
  key,
  value: value as Json,
  expected: 'any',
});

function functionRecord(functionName: string): FunctionRecord {
  return { ...nameOf(functionName), functionId: 'id', lastVersion: 0, tags: {} };
}

const versionRecord = (
  functionName: string,
  version: string,
  generation: string,
  sizeBytes = 10,
): VersionRecord =>
  someVersion(
    { ...nameOf(functionName), version, generation },
    { code: { sha256: 'x', blobKey: 'code/x', sizeBytes } },
  );

const creation = (functionName: string, generation = 'g1'): Write[] => [
  put(functionKey(nameOf(functionName)), functionRecord(functionName)),
  put(versionKey(nameOf(functionName), '$LATEST'), versionRecord(functionName, '$LATEST', generation)),
];

const alias = (functionName: string, change: Partial<AliasRecord>): Write =>
  put(aliasKey(nameOf(functionName), 'live'), {
    ...nameOf(functionName),
    name: 'live',
    version: '1',
    description: '',
    additionalWeights: {},
    revisionId: 'r',
    ...change,
  });

async function open(
  t: TestContext,
  documents: Documents,
  random: Random = seededRandom(1),
  clock = new FakeClock(),
): Promise<WatchedMetadata> {
  const cache = await openMetadataCache({ documents, region: 'us-east-1', random, clock });
  t.after(() => cache.close());
  return cache;
}

async function commit(
  documents: Documents,
  cache: WatchedMetadata | undefined,
  writes: Write[],
): Promise<number> {
  const outcome = await documents.commit(writes);
  assert.ok(outcome.kind === 'committed');
  await cache?.reached(outcome.revision);
  return outcome.revision;
}

const generationOf = (
  cache: WatchedMetadata,
  functionName: string,
  qualifier?: string,
): string | undefined => {
  const resolution = cache.resolve(accountId, functionName, qualifier);
  return resolution.kind === 'found' ? resolution.version.generation : undefined;
};

test('what was there before is known, and what comes later', async (t) => {
  const documents = memoryDocuments();
  await commit(documents, undefined, creation('old'));
  const cache = await open(t, documents);
  assert.equal(generationOf(cache, 'old'), 'g1');
  assert.deepEqual(cache.resolve(accountId, 'new', '7'), {
    kind: 'no-function',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:new:7',
  });
  await commit(documents, cache, creation('new'));
  const found = cache.resolve(accountId, 'new', undefined);
  assert.ok(found.kind === 'found');
  assert.equal(found.invokedArn, 'arn:aws:lambda:us-east-1:000000000000:function:new');
  assert.equal(cache.resolve(accountId, 'new', undefined), found, 'the same answer, not another like it');
  assert.deepEqual(cache.resolve(accountId, 'new', '7'), {
    kind: 'no-qualifier',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:new:7',
  });
  assert.equal(cache.resolve('123456789012', 'new', undefined).kind, 'no-function');
});

test('a change is known once its revision is reached, and told with what was before', async (t) => {
  const documents = memoryDocuments();
  const cache = await open(t, documents);
  const changes: VersionChange[] = [];
  const unsubscribe = cache.onVersionChange((change) => changes.push(change));
  await commit(documents, cache, creation('f', 'g1'));
  await commit(documents, cache, creation('f', 'g2'));
  assert.equal(generationOf(cache, 'f'), 'g2');
  const key = versionKey(nameOf('f'), '$LATEST');
  await commit(documents, cache, [
    { kind: 'delete', key, expected: 'any' },
    { kind: 'delete', key: functionKey(nameOf('f')), expected: 'any' },
  ]);
  assert.equal(cache.resolve(accountId, 'f', undefined).kind, 'no-function');
  assert.deepEqual(
    changes.map(({ version, previous }) => [previous?.generation, version?.generation]),
    [
      [undefined, 'g1'],
      ['g1', 'g2'],
      ['g2', undefined],
    ],
  );
  unsubscribe();
  await commit(documents, cache, creation('f', 'g3'));
  assert.equal(changes.length, 3);
});

const version = (number: string): Write =>
  put(versionKey(nameOf('f'), number), versionRecord('f', number, `g${number}`));

test('an alias leads to its version, or by weight to another', async (t) => {
  const documents = memoryDocuments();
  let chance = 0;
  const cache = await open(t, documents, { next: () => chance });
  await commit(documents, cache, [...creation('f', 'latest'), version('1'), version('2'), alias('f', {})]);
  assert.equal(generationOf(cache, 'f', 'live'), 'g1');
  await commit(documents, cache, [alias('f', { additionalWeights: { 2: 0.25 } })]);
  chance = 0.24;
  assert.equal(generationOf(cache, 'f', 'live'), 'g2');
  chance = 0.25;
  assert.equal(generationOf(cache, 'f', 'live'), 'g1');
  const found = cache.resolve(accountId, 'f', 'live');
  assert.equal(
    found.kind === 'found' && found.invokedArn,
    'arn:aws:lambda:us-east-1:000000000000:function:f:live',
  );
  await commit(documents, cache, [alias('f', { version: '2' })]);
  assert.equal(generationOf(cache, 'f', 'live'), 'g2');
});

test('what an account uses is counted as it comes and goes', async (t) => {
  const documents = memoryDocuments();
  const cache = await open(t, documents);
  await commit(documents, cache, [...creation('a'), ...creation('b')]);
  await commit(documents, cache, [put(versionKey(nameOf('a'), '1'), versionRecord('a', '1', 'g', 5))]);
  const used = cache.usage(accountId);
  assert.deepEqual([used.functionCount, used.codeSizeBytes], [2, 25]);
  await commit(documents, cache, [
    { kind: 'delete', key: functionKey(nameOf('a')), expected: 'any' },
    { kind: 'delete', key: versionKey(nameOf('a'), '1'), expected: 'any' },
    { kind: 'delete', key: versionKey(nameOf('a'), '$LATEST'), expected: 'any' },
  ]);
  assert.deepEqual([cache.usage(accountId).functionCount, cache.usage(accountId).codeSizeBytes], [1, 10]);
  assert.equal(cache.usage('123456789012').functionCount, 0);
});

test('records of another region, and documents of others, are not looked at', async (t) => {
  const documents = memoryDocuments();
  const cache = await open(t, documents);
  await commit(documents, cache, [
    put('metadata/functions/000000000000/eu-west-1/f', functionRecord('f')),
    put('metadata/strange', {}),
    put('elsewhere', {}),
  ]);
  assert.equal(cache.resolve(accountId, 'f', undefined).kind, 'no-function');
});

/** Lets a test break the store, and cut its watch's memory. */
class Breakable implements Documents {
  readonly inner = memoryDocuments({ tombstonesMax: 1 });
  watches = 0;
  broken = false;
  #break: (() => void) | undefined;

  get(key: string) {
    return this.inner.get(key);
  }
  list(prefix: string, options?: { readonly after?: string; readonly limit?: number }) {
    if (this.broken) return Promise.reject(new Error('store away'));
    return this.inner.list(prefix, options);
  }
  commit(writes: readonly Write[]) {
    return this.inner.commit(writes);
  }
  async *watch(prefix: string, from: number, signal: AbortSignal): AsyncGenerator<Change, void> {
    this.watches += 1;
    if (this.broken) throw new Error('store away');
    const cut = new AbortController();
    this.#break = () => cut.abort();
    yield* this.inner.watch(prefix, from, AbortSignal.any([signal, cut.signal]));
    if (!signal.aborted) throw new Error('store away');
  }
  break(): void {
    this.broken = true;
    this.#break?.();
  }
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

const gone = (key: string): Write => ({ kind: 'delete', key, expected: 'any' });

test('while the store is away the cache answers with what it knows, and catches up afterwards', async (t) => {
  const documents = new Breakable();
  await commit(documents, undefined, [...creation('a'), ...creation('b'), ...creation('c')]);
  const clock = new FakeClock();
  const cache = await open(t, documents, seededRandom(1), clock);
  documents.break();
  await turns();
  assert.equal(generationOf(cache, 'a'), 'g1');
  clock.advance(1_000);
  await turns();
  assert.ok(documents.watches >= 2, 'it tries again');

  // So much is deleted meanwhile that the store does not remember it all: the cache must list anew.
  await commit(documents, undefined, [
    gone(functionKey(nameOf('a'))),
    gone(versionKey(nameOf('a'), '$LATEST')),
  ]);
  await commit(documents, undefined, [
    gone(functionKey(nameOf('b'))),
    gone(versionKey(nameOf('b'), '$LATEST')),
  ]);
  const revision = await commit(documents, undefined, creation('c', 'g2'));
  const changes: VersionChange[] = [];
  cache.onVersionChange((change) => changes.push(change));
  assert.equal(generationOf(cache, 'a'), 'g1');
  documents.broken = false;
  const reached = cache.reached(revision);
  for (let step = 0; step < 20; step += 1) {
    clock.advance(1_000);
    await turns();
  }
  await reached;
  assert.equal(cache.resolve(accountId, 'a', undefined).kind, 'no-function');
  assert.equal(generationOf(cache, 'c'), 'g2');
  assert.equal(cache.usage(accountId).functionCount, 1);
  assert.deepEqual(
    changes
      .map(({ previous, version }) => [previous?.functionName, version?.generation])
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
    [
      ['a', undefined],
      ['b', undefined],
      ['c', 'g2'],
    ],
  );
});

test('a commit is seen whole or not at all', async (t) => {
  const documents = memoryDocuments();
  const cache = await open(t, documents);
  await commit(documents, cache, creation('f', 'g0'));
  let torn = 0;
  const done = new AbortController();
  const reader = (async () => {
    while (!done.signal.aborted) {
      const latest = cache.resolve(accountId, 'f', undefined);
      const first = cache.resolve(accountId, 'f', '1');
      if (first.kind === 'found' && latest.kind === 'found') {
        torn += Number(first.version.generation !== latest.version.generation);
      }
      await Promise.resolve();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  })();
  for (let index = 1; index <= 100; index += 1) {
    const generation = `g${index}`;
    await commit(documents, index % 10 === 0 ? cache : undefined, [
      put(versionKey(nameOf('f'), '$LATEST'), versionRecord('f', '$LATEST', generation)),
      put(versionKey(nameOf('f'), '1'), versionRecord('f', '1', generation)),
    ]);
  }
  done.abort();
  await reader;
  assert.equal(torn, 0);
});

test('closing ends the wait for revisions that will not come', async (t) => {
  const documents = memoryDocuments();
  const cache = await open(t, documents);
  const waiting = assert.rejects(cache.reached(1_000), /closed/);
  cache.close();
  await waiting;
  await assert.rejects(cache.reached(1_000), /closed/);
});

test('a URL is known by its id as long as it is there', async (t) => {
  const documents = memoryDocuments();
  const key = functionUrlKey(nameOf('f'), 'live');
  const record: FunctionUrlRecord = {
    ...nameOf('f'),
    qualifier: 'live',
    urlId: 'abc',
    authType: 'NONE',
    invokeMode: 'BUFFERED',
    createdMs: 0,
    lastModifiedMs: 0,
  };
  await commit(documents, undefined, [put(key, record)]);
  const cache = await open(t, documents);
  assert.deepEqual(cache.url('abc'), record);
  assert.equal(cache.url('other'), undefined);
  await commit(documents, cache, [put(key, { ...record, authType: 'AWS_IAM' })]);
  assert.equal(cache.url('abc')?.authType, 'AWS_IAM');
  await commit(documents, cache, [{ kind: 'delete', key, expected: 'any' }]);
  assert.equal(cache.url('abc'), undefined);
  await commit(documents, cache, [put(key, record)]);
  assert.deepEqual(cache.url('abc'), record);
});
