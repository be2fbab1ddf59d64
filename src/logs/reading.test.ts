/** Whatever was written, in whatever order of time: every way of reading gives exactly what a plain list would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memoryDocuments, memoryJournal } from '#engines/memory';
import { eventsOf, messagesOf, open } from './fixtures/opened.ts';
import type { Opened } from './fixtures/opened.ts';

const logGroupName = 'g';

interface Written {
  readonly stream: number;
  readonly atMs: number;
  readonly flush: boolean;
}

const written: fc.Arbitrary<Written> = fc.record({
  stream: fc.nat(2),
  atMs: fc.nat(50),
  flush: fc.integer({ min: 0, max: 3 }).map((draw) => draw === 0),
});

async function write(opened: Opened, list: readonly Written[]): Promise<void> {
  const base = opened.clock.wallMs();
  for (const [index, { stream, atMs, flush }] of list.entries()) {
    opened.logs.sink.write(logGroupName, `s${stream}`, [{ timestampMs: base + atMs, message: `m${index}` }]);
    if (flush) await opened.flush();
  }
  await opened.flush();
}

async function all(opened: Opened, operation: string, input: object, tokenName: string): Promise<string[]> {
  const messages: string[] = [];
  let nextToken: unknown;
  for (let page = 0; page < 500; page += 1) {
    const answer = await opened.call(operation, { logGroupName, ...input, nextToken });
    messages.push(...messagesOf(answer));
    if (answer[tokenName] === undefined || answer[tokenName] === nextToken) return messages;
    nextToken = answer[tokenName];
  }
  return assert.fail('the pages do not end');
}

test('forward, backward and filtered, in pages of any size and any range of time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(written, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      fc.nat(50),
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      async (list, limit, startMs, lengthMs, again) => {
        const store = {
          documents: memoryDocuments(),
          journal: memoryJournal(),
          limits: { batchBytesMax: 60 },
        };
        const first = open(store);
        const base = first.clock.wallMs();
        await write(first, list);
        const opened = again ? first.reopen() : first;
        const range = { limit, startTime: base + startMs, endTime: base + startMs + lengthMs };
        const inside = (end: number) =>
          list.flatMap(({ stream, atMs }, index) =>
            atMs >= startMs && atMs < end ? [{ stream, message: `m${index}` }] : [],
          );
        const filtered = await all(opened, 'FilterLogEvents', range, 'nextToken');
        assert.deepEqual(
          filtered.toSorted(),
          inside(startMs + lengthMs + 1)
            .map(({ message }) => message)
            .toSorted(),
        );
        for (const stream of new Set(list.map((event) => event.stream))) {
          const expected = inside(startMs + lengthMs)
            .flatMap((event) => (event.stream === stream ? [event.message] : []))
            .toSorted();
          const input = { ...range, logStreamName: `s${stream}` };
          const forward = await all(
            opened,
            'GetLogEvents',
            { ...input, startFromHead: true },
            'nextForwardToken',
          );
          assert.deepEqual(forward.toSorted(), expected);
          const backward = await all(opened, 'GetLogEvents', input, 'nextBackwardToken');
          assert.deepEqual(backward.toSorted(), expected);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('where no event came late, all are in order of time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(written, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      async (list, limit) => {
        const opened = open({
          documents: memoryDocuments(),
          journal: memoryJournal(),
          limits: { batchBytesMax: 60 },
        });
        const sorted = list.toSorted((a, b) => a.atMs - b.atMs);
        await write(opened, sorted);
        const times: number[] = [];
        let nextToken: unknown;
        do {
          const page = await opened.call('FilterLogEvents', { logGroupName, limit, nextToken });
          times.push(...eventsOf(page).map(({ timestamp }) => timestamp));
          nextToken = page['nextToken'];
        } while (nextToken !== undefined);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
        assert.equal(times.length, list.length);
      },
    ),
    { numRuns: 40 },
  );
});
