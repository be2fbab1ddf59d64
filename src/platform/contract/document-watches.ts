/** What every engine of Documents must do for those who watch. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Documents, Write } from '../documents.ts';
import { commit, put, remove } from './document-tests.ts';
import type { DocumentTest } from './document-tests.ts';
import { Watching } from './watching.ts';

export function watchContract(contract: DocumentTest): void {
  contract('a watch tells what happened since a listing, then what happens', async (documents) => {
    await commit(documents, [put('a/1', 1), put('b/1', 1)]);
    const { revision } = await documents.list('a/');
    const second = await commit(documents, [put('a/2', 2), put('b/2', 2), remove('a/1')]);
    const watching = new Watching(documents, 'a/', revision);
    assert.deepEqual(await watching.take(3), [
      { kind: 'delete', key: 'a/1', revision: second },
      { kind: 'put', document: { key: 'a/2', value: 2, revision: second } },
      { kind: 'caught-up', revision: second },
    ]);
    const third = await commit(documents, [put('a/3', 3)]);
    assert.deepEqual(await watching.take(2), [
      { kind: 'put', document: { key: 'a/3', value: 3, revision: third } },
      { kind: 'caught-up', revision: third },
    ]);
    await watching.stop();
  });

  contract(
    'a watch is caught up at once when nothing happened, and when only others were written',
    async (documents) => {
      const first = await commit(documents, [put('b', 1)]);
      const watching = new Watching(documents, 'a', first);
      assert.deepEqual(await watching.take(1), [{ kind: 'caught-up', revision: first }]);
      const waiting = watching.next();
      const second = await commit(documents, [put('b', 2)]);
      assert.deepEqual(await waiting, { kind: 'caught-up', revision: second });
      const third = await commit(documents, [remove('ab')]);
      assert.deepEqual(await watching.take(1), [{ kind: 'caught-up', revision: third }]);
      await watching.stop();
    },
  );

  contract('a slow watcher is told the newest state of a key, not each that it missed', async (documents) => {
    const watching = new Watching(documents, '', 0);
    assert.equal((await watching.next())?.kind, 'caught-up');
    let revision = 0;
    for (let value = 0; value < 50; value += 1) revision = await commit(documents, [put('a', value)]);
    assert.deepEqual(await watching.take(2), [
      { kind: 'put', document: { key: 'a', value: 49, revision } },
      { kind: 'caught-up', revision },
    ]);
    await watching.stop();
  });

  contract('a watch from 0 tells the whole store', async (documents) => {
    const first = await commit(documents, [put('a', 1), put('b', 1)]);
    const second = await commit(documents, [put('a', 2)]);
    const watching = new Watching(documents, '', 0);
    assert.deepEqual(await watching.take(3), [
      { kind: 'put', document: { key: 'b', value: 1, revision: first } },
      { kind: 'put', document: { key: 'a', value: 2, revision: second } },
      { kind: 'caught-up', revision: second },
    ]);
    await watching.stop();
  });

  contract(
    'a watch ends when it is aborted: before, while it waits, and between changes',
    async (documents) => {
      const before = new Watching(documents, '', 0);
      before.abort();
      assert.equal(await before.next(), undefined);
      const waits = new Watching(documents, '', 0);
      assert.equal((await waits.next())?.kind, 'caught-up');
      const next = waits.next();
      waits.abort();
      assert.equal(await next, undefined);
      await commit(documents, [put('a', 1), put('b', 1)]);
      const between = new Watching(documents, '', 0);
      assert.equal((await between.next())?.kind, 'put');
      between.abort();
      assert.equal(await between.next(), undefined);
    },
  );

  contract(
    'a watch from before the deletions that are remembered is reset',
    async (documents) => {
      const first = await commit(documents, [put('a', 1), put('b', 1), put('c', 1), put('d', 1)]);
      const second = await commit(documents, [remove('a')]);
      const third = await commit(documents, [remove('b')]);
      await commit(documents, [remove('c')]);
      const late = new Watching(documents, '', first);
      assert.deepEqual(await late.take(2), [{ kind: 'reset' }, undefined]);
      const inTime = new Watching(documents, '', second);
      assert.deepEqual(await inTime.next(), { kind: 'delete', key: 'b', revision: third });
      await inTime.stop();
      // A key that was written again leaves no tombstone, so nothing more is forgotten.
      await commit(documents, [put('b', 2), put('c', 2)]);
      await commit(documents, [remove('d')]);
      const still = new Watching(documents, '', second);
      const keys = (await still.take(4)).map((change) =>
        change?.kind === 'delete' ? change.key : change?.kind,
      );
      assert.deepEqual(keys, ['put', 'put', 'd', 'caught-up']);
      await still.stop();
    },
    { tombstonesMax: 2 },
  );

  contract(
    'a watch that falls behind while it is open is reset',
    async (documents) => {
      await commit(documents, [put('a', 1), put('b', 1), put('c', 1)]);
      const { revision } = await documents.list('');
      const watching = new Watching(documents, '', revision);
      assert.equal((await watching.next())?.kind, 'caught-up');
      for (const key of ['a', 'b', 'c']) await commit(documents, [remove(key)]);
      assert.deepEqual(await watching.take(2), [{ kind: 'reset' }, undefined]);
    },
    { tombstonesMax: 1 },
  );

  contract('a watch from a revision that the store never had is reset', async (documents) => {
    const revision = await commit(documents, [put('a', 1)]);
    const watching = new Watching(documents, '', revision + 1);
    assert.deepEqual(await watching.take(2), [{ kind: 'reset' }, undefined]);
  });

  contract(
    'changes of one commit that span pages are told once each, in order',
    async (documents) => {
      const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
      const revision = await commit(
        documents,
        keys.toReversed().map((key) => put(key, 1)),
      );
      const watching = new Watching(documents, 'k', 0);
      const told = await watching.take(11);
      assert.deepEqual(told, [
        ...keys.map((key) => ({ kind: 'put', document: { key, value: 1, revision } })),
        { kind: 'caught-up', revision },
      ]);
      await watching.stop();
    },
    { watchPageMax: 3 },
  );

  contract(
    'more watchers than the engine allows are refused',
    async (documents) => {
      const first = new Watching(documents, '', 0);
      assert.equal((await first.next())?.kind, 'caught-up');
      await assert.rejects(new Watching(documents, '', 0).next(), { reason: 'overloaded' });
      await first.stop();
      const second = new Watching(documents, '', 0);
      assert.equal((await second.next())?.kind, 'caught-up');
      await second.stop();
    },
    { watchersMax: 1 },
  );

  contract(
    'under concurrent commits, a watcher ends with the state that a listing shows',
    async (documents) => {
      const key = fc.integer({ min: 0, max: 7 }).map((number) => `k${number}`);
      const write = fc.record({ key, deletes: fc.boolean(), value: fc.nat(), guarded: fc.boolean() });
      const commits = fc.uniqueArray(write, { minLength: 1, maxLength: 4, selector: (one) => one.key });
      const writers = fc.array(fc.array(commits, { maxLength: 8 }), { minLength: 1, maxLength: 5 });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(writers, async (plans) => {
          runs += 1;
          const prefix = `run${runs}/`;
          const { revision } = await documents.list(prefix);
          const watching = new Watching(documents, prefix, revision);
          const mirror = watching.mirror();
          await Promise.all(plans.map(async (plan) => runPlan(documents, prefix, plan)));
          const listing = await documents.list(prefix);
          await mirror.reached(listing.revision);
          assert.deepEqual(mirror.state(), listing.documents);
          await watching.stop();
        }),
        { numRuns: 25 },
      );
    },
    { watchPageMax: 3 },
  );
}

interface Planned {
  readonly key: string;
  readonly deletes: boolean;
  readonly value: number;
  readonly guarded: boolean;
}

async function runPlan(
  documents: Documents,
  prefix: string,
  plan: readonly (readonly Planned[])[],
): Promise<void> {
  for (const planned of plan) {
    const writes = await Promise.all(
      planned.map(async ({ key, deletes, value, guarded }): Promise<Write> => {
        const current = guarded ? await documents.get(prefix + key) : undefined;
        const expected = guarded ? (current?.revision ?? 'absent') : 'any';
        return deletes ? remove(prefix + key, expected) : put(prefix + key, value, expected);
      }),
    );
    await documents.commit(writes);
  }
}
