/** Tests of watching against a store whose every moment the test decides. A lost wake-up shows as a promise that never settles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Document } from '../documents.ts';
import { Watchers } from './document-watch.ts';
import type { ChangeCursor, ChangePage } from './document-watch.ts';

const document = (key: string, revision: number): Document => ({ key, value: revision, revision });

/** A store that holds one document per revision, and runs `during` after it has looked and before it answers. */
class Store {
  readonly watchers = new Watchers(10);
  readonly #documents: Document[] = [];
  readonly reads: ChangeCursor[] = [];
  during: () => void = () => {};

  commit(key: string): void {
    const revision = this.#documents.length + 1;
    this.#documents.push(document(key, revision));
    this.watchers.committed(revision, [key]);
  }

  watch(prefix: string, signal: AbortSignal): AsyncGenerator<Change, void> {
    return this.watchers.watch(prefix, 0, signal, async (after) => this.#read(prefix, after));
  }

  async #read(prefix: string, after: ChangeCursor): Promise<ChangePage> {
    this.reads.push(after);
    const changes = this.#documents
      .filter(({ key, revision }) => revision > after.revision && key.startsWith(prefix))
      .map((document) => ({ kind: 'put', document }) as const);
    const page: ChangePage = { kind: 'changes', changes, revision: this.#documents.length };
    const { during } = this;
    this.during = () => {};
    await Promise.resolve();
    during();
    return page;
  }
}

test('a commit that happens while the watcher looks is not missed', async () => {
  const store = new Store();
  store.commit('a1');
  store.during = () => store.commit('a2');
  const changes = store.watch('a', new AbortController().signal);
  assert.deepEqual((await changes.next()).value, { kind: 'put', document: document('a1', 1) });
  assert.deepEqual((await changes.next()).value, { kind: 'caught-up', revision: 1 });
  assert.deepEqual((await changes.next()).value, { kind: 'put', document: document('a2', 2) });
  assert.deepEqual((await changes.next()).value, { kind: 'caught-up', revision: 2 });
});

test('a commit that happens while the consumer is busy is not missed', async () => {
  const store = new Store();
  const changes = store.watch('a', new AbortController().signal);
  await changes.next();
  store.commit('a1');
  store.commit('b1');
  assert.deepEqual((await changes.next()).value, { kind: 'put', document: document('a1', 1) });
  store.commit('a2');
  assert.deepEqual((await changes.next()).value, { kind: 'caught-up', revision: 2 });
  assert.deepEqual((await changes.next()).value, { kind: 'put', document: document('a2', 3) });
});

test('commits elsewhere move the revision on without a look at the store, and nothing is told twice', async () => {
  const store = new Store();
  const changes = store.watch('a', new AbortController().signal);
  assert.deepEqual((await changes.next()).value, { kind: 'caught-up', revision: 0 });
  const waiting = changes.next();
  store.commit('b1');
  store.commit('b2');
  assert.deepEqual((await waiting).value, { kind: 'caught-up', revision: 2 });
  assert.equal(store.reads.length, 1);
  store.commit('a1');
  assert.deepEqual((await changes.next()).value, { kind: 'put', document: document('a1', 3) });
  assert.deepEqual(store.reads[1], { revision: 2 });
});

test('a failing store wakes those who sleep, and those who come later to sleep', async () => {
  const store = new Store();
  const changes = store.watch('a', new AbortController().signal);
  const busy = store.watch('a', new AbortController().signal);
  await changes.next();
  await busy.next();
  const waiting = assert.rejects(changes.next(), { message: 'gone' });
  store.watchers.fail(new Error('gone'));
  await waiting;
  await assert.rejects(busy.next(), { message: 'gone' });
});

const readNothing = async (): Promise<ChangePage> => ({ kind: 'changes', changes: [], revision: 0 });

test('a consumer that stops, by break or by abort, is forgotten', async () => {
  const watchers = new Watchers(1);
  for (let round = 0; round < 3; round += 1) {
    for await (const change of watchers.watch('', 0, new AbortController().signal, readNothing)) {
      assert.equal(change.kind, 'caught-up');
      break;
    }
    const aborter = new AbortController();
    for await (const change of watchers.watch('', 0, aborter.signal, readNothing)) {
      assert.equal(change.kind, 'caught-up');
      aborter.abort();
    }
  }
});
