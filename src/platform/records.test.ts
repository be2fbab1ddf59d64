/** Records in Documents: who may write over what, and what becomes of those who were not fast enough. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import type { Documents, Revision } from './documents.ts';
import {
  addRecord,
  changeRecords,
  holdRecord,
  putRecord,
  recordsBelow,
  removeRecord,
  replaceRecord,
  type Stored,
  storedRecord,
} from './records.ts';

interface Count {
  readonly count: number;
}

async function read(documents: Documents): Promise<Stored<Count> | undefined> {
  const document = await documents.get('a');
  return document && storedRecord<Count>(document);
}

async function present(documents: Documents): Promise<Stored<Count>> {
  const found = await read(documents);
  assert.ok(found !== undefined);
  return found;
}

test('of many changes of one record at once none is lost', async () => {
  const documents = memoryDocuments();
  const increment = () =>
    changeRecords({ documents, attemptsMax: 100 }, async () => {
      const found = await read(documents);
      const count = (found?.value.count ?? 0) + 1;
      return { writes: [putRecord('a', found, { count })], result: count };
    });
  const outcomes = await Promise.all(Array.from({ length: 10 }, increment));
  assert.deepEqual(new Set(outcomes.map((outcome) => outcome.kind)), new Set(['done']));
  assert.equal((await present(documents)).value.count, 10);
});

test('who loses every race is told so after the attempts that are allowed, and writes nothing', async () => {
  const documents = memoryDocuments();
  await documents.commit([addRecord('a', { count: 0 })]);
  let asked = 0;
  const outcome = await changeRecords({ documents, attemptsMax: 3 }, async () => {
    asked += 1;
    const before = await present(documents);
    await documents.commit([replaceRecord(before, { count: asked })]);
    return { writes: [replaceRecord(before, { count: -1 })], result: undefined };
  });
  assert.deepEqual([outcome, asked], [{ kind: 'contended' }, 3]);
  assert.equal((await present(documents)).value.count, 3);
});

test('a change is done once everybody who must has seen it, and nothing is waited for without one', async () => {
  const documents = memoryDocuments();
  const seen: Revision[] = [];
  const changing = {
    documents,
    attemptsMax: 1,
    reached: async (revision: Revision) => void seen.push(revision),
  };
  const nothing = await changeRecords(changing, async () => ({ writes: [], result: 'as it was' }));
  assert.deepEqual([nothing, seen], [{ kind: 'done', result: 'as it was' }, []]);
  await changeRecords(changing, async () => ({ writes: [addRecord('a', { count: 1 })], result: 1 }));
  assert.deepEqual(seen, [(await present(documents)).revision]);
});

test('a write fits only what was read', async () => {
  const documents = memoryDocuments();
  await documents.commit([addRecord('a', { count: 1 })]);
  const stale = await present(documents);
  await documents.commit([holdRecord(stale)]);
  const now = await present(documents);
  assert.deepEqual(now.value, stale.value);
  for (const write of [
    addRecord('a', { count: 2 }),
    holdRecord(stale),
    removeRecord(stale),
    putRecord('a', undefined, { count: 2 }),
    putRecord('a', stale, { count: 2 }),
  ]) {
    assert.equal((await documents.commit([write])).kind, 'conflict');
  }
  assert.equal((await documents.commit([removeRecord(now)])).kind, 'committed');
  assert.equal(await read(documents), undefined);
});

test('all that stands below a prefix is found, over all pages, in order', async () => {
  const documents = memoryDocuments();
  const keys = Array.from({ length: 1_100 }, (_, index) => `a/${String(index).padStart(4, '0')}`);
  for (let start = 0; start < keys.length; start += 100) {
    await documents.commit(keys.slice(start, start + 100).map((key) => addRecord(key, { count: 1 })));
  }
  await documents.commit([addRecord('b', { count: 1 })]);
  const found = await recordsBelow<Count>(documents, 'a/');
  assert.deepEqual(
    found.map(({ key }) => key),
    keys,
  );
});
