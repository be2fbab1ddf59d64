/** What every engine of Documents must do. */
import assert from 'node:assert/strict';
import { InvariantError } from '#lib/assert';
import { compareCodePoints } from '#lib/code-point-order';
import type { Document, Documents, Json } from '../documents.ts';
import { commit, documentTests, put, remove } from './document-tests.ts';
import type { OpenDocuments } from './document-tests.ts';
import { watchContract } from './document-watches.ts';
import { Watching } from './watching.ts';

export function documentsContract(name: string, open: OpenDocuments): void {
  const contract = documentTests(name, open);

  contract('a document is read as it was written, with the revision of its commit', async (documents) => {
    assert.equal(await documents.get('a'), undefined);
    assert.equal((await documents.list('')).revision, 0);
    const value = { text: 'π \u{1F600} \0 "', list: [1, null, true, -0.5, 1e300], nested: { empty: {} } };
    const revision = await commit(documents, [put('a', value)]);
    assert.ok(revision > 0);
    assert.deepEqual(await documents.get('a'), { key: 'a', value, revision });
    for (const plain of [null, false, 0, '', []]) {
      await commit(documents, [put('a', plain)]);
      assert.deepEqual((await documents.get('a'))?.value, plain);
    }
  });

  contract(
    'what a writer or reader does to its value afterwards does not reach the store',
    async (documents) => {
      const value = { list: [1] };
      const committing = documents.commit([put('a', value)]);
      value.list.push(2);
      await committing;
      const read = (await documents.get('a'))?.value as { list: number[] };
      read.list.push(3);
      assert.deepEqual((await documents.get('a'))?.value, { list: [1] });
    },
  );

  contract('every commit raises the revision', async (documents) => {
    const first = await commit(documents, [put('a', 1)]);
    const second = await commit(documents, [remove('a')]);
    const third = await commit(documents, [remove('a')]);
    assert.ok(first < second && second < third);
    assert.equal(await documents.get('a'), undefined);
    assert.equal((await documents.list('')).revision, third);
  });

  contract(
    'a stale, missing or unwanted document is a conflict that names it and writes nothing',
    async (documents) => {
      const first = await commit(documents, [put('a', 1, 'absent')]);
      const current = { key: 'a', value: 1, revision: first };
      for (const expected of ['absent', first + 1, 0] as const) {
        assert.deepEqual(await documents.commit([put('a', 2, expected)]), {
          kind: 'conflict',
          key: 'a',
          current,
        });
        assert.deepEqual(await documents.commit([remove('a', expected)]), {
          kind: 'conflict',
          key: 'a',
          current,
        });
      }
      const missing = { kind: 'conflict', key: 'b', current: undefined };
      assert.deepEqual(await documents.commit([put('b', 1, first)]), missing);
      const second = await commit(documents, [put('a', 2, first)]);
      await commit(documents, [remove('a', second)]);
      assert.deepEqual(await documents.commit([remove('a', second)]), { ...missing, key: 'a' });
      assert.equal((await documents.list('')).revision, second + 1, 'conflicts do not move the store');
      await commit(documents, [remove('a', 'absent'), put('b', 3, 'absent')]);
    },
  );

  contract('several writes happen together or not at all', async (documents) => {
    const first = await commit(documents, [put('a', 1), put('b', 1), put('c', 1)]);
    const refused = await documents.commit([put('a', 2, first), remove('b', 'absent'), put('d', 2, first)]);
    assert.deepEqual(refused, {
      kind: 'conflict',
      key: 'b',
      current: { key: 'b', value: 1, revision: first },
    });
    assert.deepEqual(await state(documents, ''), { a: 1, b: 1, c: 1 });
    const second = await commit(documents, [put('a', 2, first), remove('b', first), put('d', 2, 'absent')]);
    assert.deepEqual(await state(documents, ''), { a: 2, c: 1, d: 2 });
    assert.equal((await documents.get('a'))?.revision, second);
    assert.equal((await documents.get('d'))?.revision, second);
  });

  contract('one conflict does not disturb commits that wait with it', async (documents) => {
    const first = await commit(documents, [put('contested', 0)]);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        documents.commit([put('contested', index, first), put(`own/${index}`, index, 'absent')]),
      ),
    );
    const won = outcomes.flatMap(({ kind }, index) => (kind === 'committed' ? [index] : []));
    assert.equal(won.length, 1);
    assert.deepEqual(await state(documents, ''), { contested: won[0], [`own/${won[0]}`]: won[0] });
  });

  contract('listing is ordered by code point and paged', async (documents) => {
    const keys = ['a', 'a/', 'a/1', 'a/10', 'a/2', 'a/\uFFFD', 'a/\u{1F600}', 'a0', 'b', 'Z'];
    await commit(
      documents,
      keys.map((key) => put(key, key)),
    );
    const ordered = keys.toSorted(compareCodePoints);
    assert.deepEqual(await keysOf(documents, ''), ordered);
    assert.deepEqual(
      await keysOf(documents, 'a/'),
      ordered.filter((key) => key.startsWith('a/')),
    );
    assert.deepEqual(await keysOf(documents, 'zzz'), []);
    for (const limit of [1, 2, 3, 6, 7]) {
      const pages: string[][] = [];
      let after: string | undefined;
      do {
        const page = await documents.list('a/', { limit, ...(after !== undefined && { after }) });
        pages.push(page.documents.map(({ key }) => key));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(
        pages.flat(),
        ordered.filter((key) => key.startsWith('a/')),
      );
      assert.ok(pages.every((page) => page.length <= limit && page.length > 0));
      assert.equal(pages.length, Math.ceil(6 / limit));
    }
    const beyond = await documents.list('a/', { after: 'b' });
    assert.deepEqual(beyond.documents, []);
    const before = await documents.list('a/', { after: 'Z' });
    assert.equal(before.documents.length, 6);
    await commit(documents, [remove('a/1')]);
    assert.ok(!(await keysOf(documents, 'a/')).includes('a/1'));
  });

  contract(
    'a page is cut short where documents are large',
    async (documents) => {
      const text = 'x'.repeat(400);
      await commit(documents, [put('a', text), put('b', text), put('c', text)]);
      assert.deepEqual(await keysOf(documents, ''), ['a', 'b', 'c']);
    },
    { answerBytesMax: 1000 },
  );

  contract('requests that no caller may make are refused', async (documents) => {
    const many = Array.from({ length: 101 }, (_, index) => put(`k${index}`, 1));
    const bad: readonly (() => Promise<unknown>)[] = [
      async () => documents.get(''),
      async () => documents.get('a\0b'),
      async () => documents.get('\uD800'),
      async () => documents.get('k'.repeat(1025)),
      async () => documents.list('', { limit: 0 }),
      async () => documents.list('', { limit: 1001 }),
      async () => documents.list('', { limit: 1.5 }),
      async () => documents.list('\uDC00'),
      async () => documents.commit([]),
      async () => documents.commit(many),
      async () => documents.commit([put('a', 1), remove('a')]),
      async () => documents.commit([put('a', 1, -1)]),
      async () => documents.commit([put('a', undefined as unknown as Json)]),
      async () => documents.commit([put('a', 'x'.repeat(1024 * 1024))]),
      async () => new Watching(documents, '', -1).next(),
    ];
    for (const request of bad) await assert.rejects(request, InvariantError, request.toString());
    assert.equal((await documents.list('')).revision, 0);
    await commit(documents, many.slice(1));
    await commit(documents, [put('k'.repeat(1024), 'x'.repeat(1024 * 1024 - 2))]);
  });

  watchContract(contract);
}

async function all(documents: Documents, prefix: string): Promise<readonly Document[]> {
  const found: Document[] = [];
  let after: string | undefined;
  do {
    const page = await documents.list(prefix, after === undefined ? {} : { after });
    found.push(...page.documents);
    after = page.next;
  } while (after !== undefined);
  return found;
}

async function keysOf(documents: Documents, prefix: string): Promise<readonly string[]> {
  return (await all(documents, prefix)).map(({ key }) => key);
}

async function state(documents: Documents, prefix: string): Promise<Readonly<Record<string, Json>>> {
  return Object.fromEntries((await all(documents, prefix)).map(({ key, value }) => [key, value]));
}
