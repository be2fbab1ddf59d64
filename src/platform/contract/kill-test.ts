/** What the child of the kill test tells, and the check that all of it is there. */
import assert from 'node:assert/strict';
import type { Blobs } from '../blobs.ts';
import type { Documents } from '../documents.ts';
import type { Journal } from '../journal.ts';
import type { Queue } from '../queue.ts';

export type Told =
  | { readonly kind: 'document'; readonly key: string; readonly value: number; readonly revision: number }
  | { readonly kind: 'document-going'; readonly key: string }
  | { readonly kind: 'document-gone'; readonly key: string }
  | { readonly kind: 'record'; readonly partition: string; readonly sequence: number }
  | { readonly kind: 'message'; readonly id: string; readonly body: string; readonly name: string }
  | { readonly kind: 'message-going'; readonly id: string }
  | { readonly kind: 'message-gone'; readonly id: string }
  | { readonly kind: 'blob'; readonly key: string; readonly sizeBytes: number; readonly fill: number };

export interface Stores {
  readonly documents: Documents;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly blobs: Blobs;
}

const of = <Kind extends Told['kind']>(
  told: readonly Told[],
  kind: Kind,
): readonly Extract<Told, { kind: Kind }>[] =>
  told.filter((one): one is Extract<Told, { kind: Kind }> => one.kind === kind);

/** Asserts that everything acknowledged is there, and nothing that was acknowledged to be gone. */
export async function checkDurable(stores: Stores, told: readonly Told[], queueName: string): Promise<void> {
  await checkDocuments(stores.documents, told);
  await checkRecords(stores.journal, of(told, 'record'));
  await checkMessages(stores.queue, told, queueName);
  for (const { key, sizeBytes, fill } of of(told, 'blob')) {
    const body = await stores.blobs.get(key);
    assert.ok(body !== undefined, `blob ${key} is there`);
    assert.equal(body.byteLength, sizeBytes);
    assert.ok(body.every((byte) => byte === fill));
  }
}

async function checkDocuments(documents: Documents, told: readonly Told[]): Promise<void> {
  const going = new Set(of(told, 'document-going').map(({ key }) => key));
  const gone = new Set(of(told, 'document-gone').map(({ key }) => key));
  for (const { key, value, revision } of of(told, 'document')) {
    const expected = { key, value, revision };
    const [found, twin] = await Promise.all([documents.get(key), documents.get(`twin/${key}`)]);
    assert.deepEqual(twin, { ...expected, key: `twin/${key}` });
    if (gone.has(key)) assert.equal(found, undefined, `${key} was deleted`);
    else if (found !== undefined || !going.has(key)) assert.deepEqual(found, expected);
  }
}

async function checkRecords(
  journal: Journal,
  told: readonly Extract<Told, { kind: 'record' }>[],
): Promise<void> {
  for (const partition of new Set(told.map((record) => record.partition))) {
    const last = Math.max(
      ...told.filter((record) => record.partition === partition).map(({ sequence }) => sequence),
    );
    const { next } = await journal.bounds(partition);
    assert.ok(next > last, `${partition} has record ${last}`);
    for (let from = 0; from < next;) {
      const records = await journal.read(partition, from);
      assert.ok(records.length > 0);
      for (const { sequence, body } of records) {
        assert.equal(sequence, from);
        assert.equal(new TextDecoder().decode(body), String(from));
        from += 1;
      }
    }
  }
}

async function checkMessages(queue: Queue, told: readonly Told[], queueName: string): Promise<void> {
  const going = new Set(of(told, 'message-going').map(({ id }) => id));
  const gone = new Set(of(told, 'message-gone').map(({ id }) => id));
  const found = new Map<string, string>();
  for (;;) {
    const messages = await queue.receive(queueName, { max: 1000, visibilityTimeoutMs: 1_000_000 });
    if (messages.length === 0) break;
    for (const { id, body } of messages) {
      assert.ok(!found.has(id));
      found.set(id, new TextDecoder().decode(body));
    }
  }
  for (const { id, body } of of(told, 'message')) {
    if (gone.has(id)) assert.ok(!found.has(id), `${id} was deleted`);
    else if (found.has(id) || !going.has(id)) assert.equal(found.get(id), body, `${id} is there`);
  }
  const { inFlight, visible, delayed } = await queue.depth(queueName);
  assert.deepEqual({ inFlight, visible, delayed }, { inFlight: found.size, visible: 0, delayed: 0 });
}
