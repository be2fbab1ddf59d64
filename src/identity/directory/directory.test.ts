/** Tests of the directory over a store: that changes are seen once they are answered, races are settled, and trouble passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import { type Documents, FakeClock, replaceRecord, seededRandom } from '#platform';
import { someUser } from '../fixtures/records.ts';
import { openDirectory, type Directory } from './directory.ts';

const opened = (documents: Documents, clock = new FakeClock(), onTrouble?: (error: unknown) => void) =>
  openDirectory({
    documents,
    accountId: '000000000000',
    random: seededRandom(1),
    clock,
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });

const addUser = (directory: Directory, name: string) =>
  directory.change(async () => ({
    writes: [directory.add('users', someUser({ name, id: `AIDA-${name}` }))],
    result: name,
  }));

test('a change is seen once it is answered, here at once and elsewhere soon', async () => {
  const documents = memoryDocuments();
  const [here, elsewhere] = [await opened(documents), await opened(documents)];
  assert.deepEqual(await addUser(here, 'ann'), { kind: 'done', result: 'ann' });
  assert.equal(here.view.user('ann')?.name, 'ann');
  await addUser(elsewhere, 'bea');
  assert.equal(elsewhere.view.user('ann')?.name, 'ann');
  here.close();
  elsewhere.close();
});

test('of many changes of one user none is lost', async () => {
  const documents = memoryDocuments();
  const directory = await opened(documents);
  await addUser(directory, 'ann');
  const tag = (key: string) =>
    directory.change(async () => {
      const stored = await directory.read('users', 'ann');
      assert.ok(stored);
      const tags = [...stored.value.tags, { key, value: '' }];
      return { writes: [replaceRecord(stored, { ...stored.value, tags })], result: undefined };
    });
  await Promise.all(Array.from({ length: 10 }, (_, index) => tag(String(index))));
  assert.equal(directory.view.user('ann')?.tags.length, 10);
  directory.close();
});

test('whoever loses every race is told so', async () => {
  const directory = await opened(memoryDocuments());
  await addUser(directory, 'ann');
  let tries = 0;
  const outcome = await directory.change(async () => {
    tries += 1;
    return { writes: [directory.add('users', someUser())], result: undefined };
  });
  assert.equal(outcome.kind, 'contended');
  assert.equal(tries, 20);
  directory.close();
});

test('a watch that breaks is taken up again, and misses nothing', async () => {
  const whole = memoryDocuments();
  let breaks = 2;
  const documents: Documents = {
    get: (key) => whole.get(key),
    list: (prefix, options) => whole.list(prefix, options),
    commit: (writes) => whole.commit(writes),
    watch: (prefix, from, signal) => {
      breaks -= 1;
      if (breaks >= 0) throw new Error('the store is away');
      return whole.watch(prefix, from, signal);
    },
  };
  const clock = new FakeClock();
  const troubles: unknown[] = [];
  const opening = opened(documents, clock, (error) => troubles.push(error));
  for (let turn = 0; turn < 100 && troubles.length < 2; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
  }
  clock.advance(10_000);
  const directory = await opening;
  assert.equal(troubles.length, 2);
  await addUser(directory, 'ann');
  assert.ok(directory.view.user('ann'));
  directory.close();
  await assert.rejects(addUser(directory, 'late'), /closed/);
});
