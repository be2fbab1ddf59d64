/** What every engine of Journal must do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InvariantError } from '#lib/assert';
import type { EngineLimits } from '../limits.ts';
import type { Journal, JournalRecord } from '../journal.ts';

export type OpenJournal = (
  limits?: Partial<EngineLimits>,
) => Promise<{ readonly journal: Journal; readonly close: () => Promise<void> }>;

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const plain = (records: readonly JournalRecord[]): unknown =>
  records.map(({ sequence, body }) => [sequence, ...body]);

export function journalContract(name: string, open: OpenJournal): void {
  const contract = (
    title: string,
    body: (journal: Journal) => Promise<void>,
    limits?: Partial<EngineLimits>,
  ): void => {
    test(`${name}: ${title}`, async () => {
      const { journal, close } = await open(limits);
      try {
        await body(journal);
      } finally {
        await close();
      }
    });
  };

  contract(
    'records are read in the order in which they were appended, each partition for itself',
    async (journal) => {
      assert.deepEqual(await journal.bounds('p'), { first: 0, next: 0 });
      assert.deepEqual(await journal.read('p', 0), []);
      assert.deepEqual(await journal.append('p', 0, [bytes(1), bytes()]), { kind: 'appended', next: 2 });
      assert.deepEqual(await journal.append('q', 0, [bytes(9)]), { kind: 'appended', next: 1 });
      assert.deepEqual(await journal.append('p', 2, [bytes(0, 255)]), { kind: 'appended', next: 3 });
      assert.deepEqual(plain(await journal.read('p', 0)), [[0, 1], [1], [2, 0, 255]]);
      assert.deepEqual(plain(await journal.read('q', 0)), [[0, 9]]);
      assert.deepEqual(await journal.bounds('p'), { first: 0, next: 3 });
    },
  );

  contract(
    'an append at another sequence than the next is a conflict and writes nothing',
    async (journal) => {
      assert.deepEqual(await journal.append('p', 1, [bytes(1)]), { kind: 'conflict', next: 0 });
      await journal.append('p', 0, [bytes(1), bytes(2)]);
      for (const expected of [0, 1, 3]) {
        assert.deepEqual(await journal.append('p', expected, [bytes(3)]), { kind: 'conflict', next: 2 });
      }
      assert.deepEqual(await journal.bounds('p'), { first: 0, next: 2 });
      assert.deepEqual(await journal.append('p', 'any', [bytes(3)]), { kind: 'appended', next: 3 });
    },
  );

  contract(
    'of those who expect the same sequence at once, one appends; unfenced appends all do',
    async (journal) => {
      const fenced = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => journal.append('p', 0, [bytes(index), bytes(index)])),
      );
      const won = fenced.flatMap(({ kind }, index) => (kind === 'appended' ? [index] : []));
      assert.equal(won.length, 1);
      assert.deepEqual(plain(await journal.read('p', 0)), [
        [0, ...won],
        [1, ...won],
      ]);
      await Promise.all(
        Array.from({ length: 30 }, async (_, index) =>
          journal.append('q', 'any', [bytes(index), bytes(index)]),
        ),
      );
      const bodies = (await journal.read('q', 0)).map(({ body }) => body[0]);
      assert.equal(bodies.length, 60);
      for (let index = 0; index < 60; index += 2) assert.equal(bodies[index], bodies[index + 1], 'together');
      assert.equal(new Set(bodies).size, 30);
    },
  );

  contract('reading starts where it is told and stops at the limit', async (journal) => {
    await journal.append('p', 0, [bytes(0), bytes(1), bytes(2), bytes(3)]);
    assert.deepEqual(plain(await journal.read('p', 1, 2)), [
      [1, 1],
      [2, 2],
    ]);
    assert.deepEqual(plain(await journal.read('p', 3, 1000)), [[3, 3]]);
    assert.deepEqual(await journal.read('p', 4), []);
    assert.deepEqual(await journal.read('p', 1000), []);
  });

  contract(
    'large bodies come fewer at once, but never none',
    async (journal) => {
      const body = new Uint8Array(600);
      await journal.append('p', 0, [body, new Uint8Array(2000), body]);
      const read: number[] = [];
      for (let from = 0; from < 3;) {
        const records = await journal.read('p', from);
        assert.equal(records.length, 1);
        read.push(...records.map(({ sequence }) => sequence));
        from = (read.at(-1) ?? 0) + 1;
      }
      assert.deepEqual(read, [0, 1, 2]);
    },
    { answerBytesMax: 1000 },
  );

  contract(
    'what a writer or reader does to its bytes afterwards does not reach the store',
    async (journal) => {
      const body = bytes(1, 2, 3);
      const appending = journal.append('p', 0, [body.subarray(1, 2)]);
      body.fill(9);
      await appending;
      const [read] = await journal.read('p', 0);
      read?.body.fill(8);
      assert.deepEqual(plain(await journal.read('p', 0)), [[0, 2]]);
    },
  );

  contract(
    'trimming forgets what is below, and sequences go on',
    async (journal) => {
      await journal.trim('p', 5);
      await journal.append('p', 0, [bytes(0), bytes(1), bytes(2), bytes(3), bytes(4)]);
      await journal.trim('p', 4);
      assert.deepEqual(await journal.bounds('p'), { first: 4, next: 5 });
      assert.deepEqual(plain(await journal.read('p', 0)), [[4, 4]]);
      await journal.trim('p', 2);
      assert.deepEqual(await journal.bounds('p'), { first: 4, next: 5 });
      await journal.trim('p', 100);
      assert.deepEqual(await journal.bounds('p'), { first: 5, next: 5 });
      assert.deepEqual(await journal.read('p', 0), []);
      assert.deepEqual(await journal.append('p', 0, [bytes(5)]), { kind: 'conflict', next: 5 });
      await journal.append('p', 5, [bytes(5)]);
      assert.deepEqual(plain(await journal.read('p', 0)), [[5, 5]]);
    },
    { trimRecordsMax: 2 },
  );

  contract('following tells what is there, then what comes', async (journal) => {
    await journal.append('p', 0, [bytes(0), bytes(1), bytes(2)]);
    await journal.trim('p', 1);
    const aborter = new AbortController();
    const records = journal.follow('p', 0, aborter.signal)[Symbol.asyncIterator]();
    assert.equal((await records.next()).value?.sequence, 1);
    assert.equal((await records.next()).value?.sequence, 2);
    const waiting = records.next();
    await journal.append('q', 0, [bytes(9)]);
    await journal.append('p', 3, [bytes(3), bytes(4)]);
    assert.deepEqual(await waiting, { done: false, value: { sequence: 3, body: bytes(3) } });
    assert.equal((await records.next()).value?.sequence, 4);
    const ended = records.next();
    aborter.abort();
    assert.equal((await ended).done, true);
  });

  contract('following from beyond the end waits for that record', async (journal) => {
    const aborter = new AbortController();
    const records = journal.follow('p', 2, aborter.signal)[Symbol.asyncIterator]();
    const waiting = records.next();
    for (const sequence of [0, 1, 2]) await journal.append('p', sequence, [bytes(sequence)]);
    assert.deepEqual((await waiting).value, { sequence: 2, body: bytes(2) });
    aborter.abort();
    assert.equal((await records.next()).done, true);
  });

  contract(
    'followers miss nothing and repeat nothing while many append',
    async (journal) => {
      const plans = fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }), {
        minLength: 1,
        maxLength: 4,
      });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(plans, async (writers) => {
          runs += 1;
          const partition = `run${runs}`;
          const total = writers.flat().reduce((sum, count) => sum + count, 0);
          const aborter = new AbortController();
          const seen: number[] = [];
          const following = (async () => {
            if (total === 0) return;
            for await (const { sequence } of journal.follow(partition, 0, aborter.signal)) {
              if (seen.push(sequence) === total) return;
            }
          })();
          await Promise.all(
            writers.map(async (batches) => {
              for (const count of batches) {
                await journal.append(
                  partition,
                  'any',
                  Array.from({ length: count }, () => bytes(count)),
                );
              }
            }),
          );
          await following;
          aborter.abort();
          assert.deepEqual(
            seen,
            Array.from({ length: total }, (_, index) => index),
          );
        }),
        { numRuns: 20 },
      );
    },
    { watchPageMax: 3 },
  );

  contract('requests that no caller may make are refused', async (journal) => {
    const body = bytes(1);
    const signal = new AbortController().signal;
    const bad: readonly (() => Promise<unknown>)[] = [
      async () => journal.append('', 0, [body]),
      async () => journal.append('p', 0, []),
      async () => journal.append('p', -1, [body]),
      async () => journal.append('p', 0.5, [body]),
      async () => journal.append('p', 0, ['text' as unknown as Uint8Array]),
      async () => journal.append('p', 0, [new Uint8Array(2 * 1024 * 1024 + 1)]),
      async () =>
        journal.append(
          'p',
          0,
          Array.from({ length: 1001 }, () => body),
        ),
      async () =>
        journal.append(
          'p',
          0,
          Array.from({ length: 17 }, () => new Uint8Array(2 * 1024 * 1024)),
        ),
      async () => journal.read('p', -1),
      async () => journal.read('p', 0, 0),
      async () => journal.read('p', 0, 1001),
      async () => journal.read('p', Number.NaN),
      async () => journal.trim('p', -1),
      async () => journal.bounds('\uD800'),
      async () => journal.follow('p', -1, signal)[Symbol.asyncIterator]().next(),
    ];
    for (const request of bad) await assert.rejects(request, InvariantError, request.toString());
    assert.deepEqual(await journal.bounds('p'), { first: 0, next: 0 });
  });
}
