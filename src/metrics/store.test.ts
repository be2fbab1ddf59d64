/** What is kept: over restarts, failures of the store, and time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memoryDocuments } from '#engines/memory';
import { type Documents, FakeClock, StoreUnavailableError } from '#platform';
import { arnOf, World } from './fixtures/world.ts';
import { sourceOf } from './source.ts';
import { MetricStore } from './store.ts';
import { Summary } from './summary.ts';

const f = { FunctionName: 'f' };

test('a restart keeps what was written, and a minute goes on where it was', async () => {
  const documents = memoryDocuments();
  const clock = new FakeClock();
  const first = await World.open(documents, clock);
  first.invoke(arnOf('f'), '$LATEST', { durationMs: 7 });
  await first.pass(1);
  first.invoke(arnOf('f'), '$LATEST', { durationMs: 9 });
  await first.metrics.close();
  const second = await World.open(documents, clock);
  second.invoke(arnOf('f'), '$LATEST', { durationMs: 11 });
  const expected = [
    [0, 7],
    [1, 20],
  ];
  assert.deepEqual(await second.data('Duration', f), expected);
  await second.pass(1);
  assert.deepEqual(await second.data('Duration', f), expected);
  await second.pass(40);
  assert.deepEqual(await second.data('Duration', f), expected);
  assert.equal((await second.data('Duration', f, { Stat: 'p100' }))[1]?.[1], 11);
});

test('a kill loses the minute that was not written, and no more', async () => {
  const documents = memoryDocuments();
  const clock = new FakeClock();
  const first = await World.open(documents, clock);
  first.invoke(arnOf('f'));
  await first.pass(1);
  first.invoke(arnOf('f'));
  const second = await World.open(documents, clock);
  second.invoke(arnOf('f'));
  assert.deepEqual(await second.data('Invocations', f), [
    [0, 1],
    [1, 1],
  ]);
});

test('while the store is away nothing is lost, and it is written later', async () => {
  const real = memoryDocuments();
  let isAway = false;
  const documents: Documents = {
    get: (key) => (isAway ? Promise.reject(away()) : real.get(key)),
    list: (prefix, options) => (isAway ? Promise.reject(away()) : real.list(prefix, options)),
    commit: (writes) => (isAway ? Promise.reject(away()) : real.commit(writes)),
    watch: (prefix, from, signal) => real.watch(prefix, from, signal),
  };
  const clock = new FakeClock();
  const world = await World.open(documents, clock);
  isAway = true;
  for (let minute = 0; minute < 20; minute += 1) {
    world.invoke(arnOf('f'));
    await world.pass(1);
  }
  assert.ok(world.troubles.length > 0);
  isAway = false;
  await world.pass(1);
  const later = await World.open(real, clock);
  assert.equal((await later.data('Invocations', f)).length, 20);
});

const away = (): StoreUnavailableError => new StoreUnavailableError('failed', { message: 'away' });

test('what is older than the retention is not answered, and goes', async () => {
  const documents = memoryDocuments();
  const world = await World.open(documents, new FakeClock(), 2 * 3_600_000);
  world.invoke(arnOf('f'));
  await world.pass(60);
  world.invoke(arnOf('g'));
  await world.pass(61);
  assert.deepEqual(await world.data('Invocations', f), []);
  assert.equal((await world.data('Invocations', { FunctionName: 'g' })).length, 1);
  await world.pass(150);
  const { documents: left } = await documents.list('metrics/');
  assert.deepEqual(left, []);
  assert.deepEqual((await world.call('ListMetrics', {}))['Metrics'], []);
});

test('what is not old is not looked at again and again', async () => {
  const real = memoryDocuments();
  let lists = 0;
  const documents: Documents = {
    get: (key) => real.get(key),
    commit: (writes) => real.commit(writes),
    watch: (prefix, from, signal) => real.watch(prefix, from, signal),
    list(prefix, options) {
      if (prefix.includes('/blocks/')) lists += 1;
      return real.list(prefix, options);
    },
  };
  const clock = new FakeClock();
  const world = await World.open(documents, clock, 3 * 3_600_000);
  for (let minute = 0; minute < 60; minute += 1) {
    world.invoke(arnOf('f'));
    await world.pass(1);
  }
  assert.equal(lists, 0);
  const later = await World.open(documents, clock, 3 * 3_600_000);
  await later.pass(100);
  const sources = later.metrics.store.catalogue.size;
  assert.ok(lists <= sources, `${lists} looks at ${sources} sources`);
  await later.pass(150);
  assert.deepEqual((await real.list('metrics/')).documents, []);
});

test('any order of additions, flushes and restarts keeps every value once', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), minute: fc.nat(70), source: fc.nat(2) }),
    fc.record({ kind: fc.constant('flush' as const), minute: fc.nat(70) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const documents = memoryDocuments();
      const open = async (): Promise<MetricStore> => {
        const store = new MetricStore({ accountId: '0', documents, onTrouble: () => {} });
        await store.load();
        return store;
      };
      let store = await open();
      const expected = new Map<string, number>();
      const name = { metric: 'm', unit: 'Count' };
      for (const each of steps) {
        if (each.kind === 'add') {
          const summary = new Summary();
          summary.add(1);
          assert.ok(store.add(sourceOf('n', { s: String(each.source) }), name, each.minute, summary));
          const key = `${each.source}/${each.minute}`;
          expected.set(key, (expected.get(key) ?? 0) + 1);
        } else if (each.kind === 'flush') await store.flush(each.minute);
        else {
          await store.flush(0);
          store = await open();
        }
      }
      const found = new Map<string, number>();
      for (const entry of store.catalogue.entries()) {
        const source = entry.source.dimensions[0]?.value ?? '';
        for await (const minutes of store.read(entry, ['Count m'], 0, 100)) {
          for (const { minute, values } of minutes) {
            const key = `${source}/${minute}`;
            found.set(key, (found.get(key) ?? 0) + values.sum);
          }
        }
      }
      assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
    }),
    { numRuns: 60 },
  );
});

test('reading goes on while blocks are written and forgotten', async () => {
  const world = await World.open();
  for (let minute = 0; minute < 40; minute += 1) {
    world.invoke(arnOf('f'));
    const [data] = await Promise.all([world.data('Invocations', f), world.pass(1)]);
    assert.equal(data.length, minute + 1);
  }
});

test('sources beyond the bound are not recorded, and that is said', () => {
  const troubles: string[] = [];
  const store = new MetricStore({
    accountId: '0',
    documents: memoryDocuments(),
    onTrouble: (message) => troubles.push(message),
    limits: { sourcesMax: 3, ownSourcesMax: 1 },
  });
  const summary = new Summary();
  summary.add(1);
  const add = (dimension: string, own?: string): boolean =>
    store.add(sourceOf('n', { dimension }, own), { metric: 'm', unit: 'Count' }, 1, summary);
  assert.deepEqual(
    [add('a', 'own'), add('b', 'own'), add('b'), add('c'), add('d'), add('b')],
    [true, false, true, true, false, true],
  );
  assert.equal(store.catalogue.size, 3);
  assert.ok(troubles.length > 0);
});
