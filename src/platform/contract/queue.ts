/** What every engine of Queue must do. Time is a FakeClock's, so no test waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/assert';
import { FakeClock } from '../fake-clock.ts';
import type { EngineLimits } from '../limits.ts';
import type { Message, Queue } from '../queue.ts';

export type OpenQueue = (
  clock: FakeClock,
  limits?: Partial<EngineLimits>,
) => Promise<{ readonly queue: Queue; readonly close: () => Promise<void> }>;

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const bodies = (messages: readonly Message[]): readonly unknown[] => messages.map(({ body }) => [...body]);

const receive = async (queue: Queue, max = 10, visibilityTimeoutMs = 1000): Promise<readonly Message[]> =>
  queue.receive('q', { max, visibilityTimeoutMs });

export function queueContract(name: string, open: OpenQueue): void {
  const contract = (
    title: string,
    body: (queue: Queue, clock: FakeClock) => Promise<void>,
    limits?: Partial<EngineLimits>,
  ): void => {
    test(`${name}: ${title}`, async () => {
      const clock = new FakeClock();
      const { queue, close } = await open(clock, limits);
      try {
        await body(queue, clock);
      } finally {
        await close();
      }
    });
  };

  contract(
    'messages are received in the order in which they were sent, each queue for itself',
    async (queue, clock) => {
      assert.deepEqual(await receive(queue), []);
      const ids = await queue.send('q', [{ body: bytes(1) }, { body: bytes() }]);
      clock.advance(5);
      const more = await queue.send('q', [{ body: bytes(3) }]);
      await queue.send('other', [{ body: bytes(9) }]);
      assert.equal(new Set([...ids, ...more].map(({ id }) => id)).size, 3);
      const first = await receive(queue, 2);
      assert.deepEqual(
        first.map(({ id, body, sentAtMs, receiveCount }) => ({
          id,
          body: [...body],
          sentAtMs,
          receiveCount,
        })),
        [
          { id: ids[0]?.id, body: [1], sentAtMs: clock.wallMs() - 5, receiveCount: 1 },
          { id: ids[1]?.id, body: [], sentAtMs: clock.wallMs() - 5, receiveCount: 1 },
        ],
      );
      assert.deepEqual(bodies(await receive(queue)), [[3]]);
      assert.deepEqual(await receive(queue), []);
    },
  );

  contract(
    'a message that is not deleted comes back when its visibility timeout has passed',
    async (queue, clock) => {
      const [sent] = await queue.send('q', [{ body: bytes(1) }]);
      const [first] = await receive(queue, 1, 1000);
      clock.advance(999);
      assert.deepEqual(await receive(queue), []);
      clock.advance(1);
      const [second] = await receive(queue, 1, 1000);
      assert.equal(second?.id, sent?.id);
      assert.equal(second?.receiveCount, 2);
      assert.notEqual(second?.receipt, first?.receipt);
      assert.equal(await queue.delete('q', first?.receipt ?? ''), 'stale');
      assert.equal(await queue.changeVisibility('q', first?.receipt ?? '', 0), 'stale');
      assert.equal(await queue.delete('q', second?.receipt ?? ''), 'deleted');
      clock.advance(100_000);
      assert.deepEqual(await receive(queue), []);
    },
  );

  contract(
    'a receipt serves until the message is received again, also after its timeout',
    async (queue, clock) => {
      await queue.send('q', [{ body: bytes(1) }]);
      const [message] = await receive(queue);
      clock.advance(5000);
      assert.equal(await queue.delete('q', message?.receipt ?? ''), 'deleted');
      assert.equal(await queue.delete('q', message?.receipt ?? ''), 'stale');
      assert.equal(await queue.changeVisibility('q', message?.receipt ?? '', 5), 'stale');
      assert.deepEqual(await receive(queue), []);
    },
  );

  contract('receipts that were never given, or by another queue, are stale', async (queue) => {
    await queue.send('q', [{ body: bytes(1) }]);
    const [message] = await receive(queue);
    const receipt = message?.receipt ?? '';
    const invented = [
      '',
      'x',
      '1',
      '1.1',
      '0.0.0',
      `${receipt}x`,
      receipt.slice(0, -1),
      '9'.repeat(400),
      "1' OR '1",
    ];
    for (const one of invented) {
      assert.equal(await queue.delete('q', one), 'stale', one);
      assert.equal(await queue.changeVisibility('q', one, 0), 'stale', one);
    }
    assert.equal(await queue.delete('other', receipt), 'stale');
    assert.equal(await queue.delete('q', receipt), 'deleted');
  });

  contract('visibility can be prolonged, and ended at once', async (queue, clock) => {
    await queue.send('q', [{ body: bytes(1) }]);
    const [message] = await receive(queue, 1, 1000);
    clock.advance(900);
    assert.equal(await queue.changeVisibility('q', message?.receipt ?? '', 1000), 'changed');
    clock.advance(999);
    assert.deepEqual(await receive(queue), []);
    assert.equal(await queue.changeVisibility('q', message?.receipt ?? '', 0), 'changed');
    assert.equal((await receive(queue)).length, 1);
  });

  contract('a delayed message is hidden until its delay has passed', async (queue, clock) => {
    await queue.send('q', [
      { body: bytes(1), delayMs: 500 },
      { body: bytes(2) },
      { body: bytes(3), delayMs: 0 },
    ]);
    assert.deepEqual(bodies(await receive(queue)), [[2], [3]]);
    clock.advance(499);
    assert.deepEqual(await receive(queue), []);
    clock.advance(1);
    assert.deepEqual(bodies(await receive(queue)), [[1]]);
  });

  contract(
    'messages come in order of the time at which they become visible, then of sending',
    async (queue, clock) => {
      await queue.send('q', [
        { body: bytes(1), delayMs: 300 },
        { body: bytes(2), delayMs: 100 },
        { body: bytes(3), delayMs: 100 },
        { body: bytes(4) },
      ]);
      const [fourth] = await receive(queue, 1, 200);
      assert.deepEqual([...(fourth?.body ?? [])], [4]);
      clock.advance(1000);
      assert.deepEqual(bodies(await receive(queue)), [[2], [3], [4], [1]]);
    },
  );

  contract('depth counts visible, in flight and delayed', async (queue, clock) => {
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
    await queue.send(
      'q',
      [1, 2, 3, 4].map((value) => ({ body: bytes(value) })),
    );
    await queue.send('q', [{ body: bytes(5), delayMs: 100 }]);
    const [first, second] = await receive(queue, 2, 1000);
    assert.deepEqual(await queue.depth('q'), { visible: 2, inFlight: 2, delayed: 1 });
    await queue.delete('q', first?.receipt ?? '');
    assert.deepEqual(await queue.depth('q'), { visible: 2, inFlight: 1, delayed: 1 });
    clock.advance(100);
    assert.deepEqual(await queue.depth('q'), { visible: 3, inFlight: 1, delayed: 0 });
    await queue.changeVisibility('q', second?.receipt ?? '', 0);
    assert.deepEqual(await queue.depth('q'), { visible: 4, inFlight: 0, delayed: 0 });
    for (const { receipt } of await receive(queue)) await queue.delete('q', receipt);
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
  });

  contract('a wall clock that jumps neither releases nor hides messages', async (queue, clock) => {
    await queue.send('q', [{ body: bytes(1) }]);
    const [message] = await receive(queue, 1, 1000);
    clock.setWall(clock.wallMs() + 3_600_000);
    assert.deepEqual(await receive(queue), []);
    clock.setWall(clock.wallMs() - 7_200_000);
    clock.advance(1000);
    const [again] = await receive(queue);
    assert.equal(again?.id, message?.id);
    await queue.send('q', [{ body: bytes(2) }]);
    const [sentLater] = await receive(queue);
    assert.equal(sentLater?.sentAtMs, clock.wallMs());
  });

  contract('many receivers at once never get the same message', async (queue) => {
    await queue.send(
      'q',
      Array.from({ length: 40 }, (_, index) => ({ body: bytes(index) })),
    );
    const received = (await Promise.all(Array.from({ length: 30 }, async () => receive(queue, 3)))).flat();
    assert.equal(received.length, 40);
    assert.equal(new Set(received.map(({ id }) => id)).size, 40);
    const outcomes = await Promise.all(
      [...received, ...received].map(async ({ receipt }) => queue.delete('q', receipt)),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'deleted').length, 40);
  });

  contract(
    'large bodies come fewer at once, but never none',
    async (queue) => {
      await queue.send('q', [
        { body: new Uint8Array(2000) },
        { body: new Uint8Array(400) },
        { body: new Uint8Array(500) },
        { body: new Uint8Array(200) },
      ]);
      const lengths: number[][] = [];
      for (let batch = await receive(queue); batch.length > 0; batch = await receive(queue)) {
        lengths.push(batch.map(({ body }) => body.byteLength));
      }
      assert.deepEqual(lengths, [[2000], [400, 500], [200]]);
    },
    { answerBytesMax: 1000 },
  );

  contract(
    'what a sender or receiver does to its bytes afterwards does not reach the store',
    async (queue, clock) => {
      const body = bytes(1, 2, 3);
      const sending = queue.send('q', [{ body: body.subarray(1, 2) }]);
      body.fill(9);
      await sending;
      const [message] = await receive(queue, 1, 10);
      message?.body.fill(8);
      clock.advance(10);
      assert.deepEqual(bodies(await receive(queue)), [[2]]);
    },
  );

  contract('requests that no caller may make are refused', async (queue) => {
    const body = bytes(1);
    const bad: readonly (() => Promise<unknown>)[] = [
      async () => queue.send('', [{ body }]),
      async () => queue.send('q', []),
      async () =>
        queue.send(
          'q',
          Array.from({ length: 1001 }, () => ({ body })),
        ),
      async () => queue.send('q', [{ body: new Uint8Array(2 * 1024 * 1024 + 1) }]),
      async () => queue.send('q', [{ body, delayMs: -1 }]),
      async () => queue.send('q', [{ body, delayMs: Infinity }]),
      async () => queue.receive('q', { max: 0, visibilityTimeoutMs: 1 }),
      async () => queue.receive('q', { max: 1001, visibilityTimeoutMs: 1 }),
      async () => queue.receive('q', { max: 1, visibilityTimeoutMs: -1 }),
      async () => queue.receive('q', { max: 1, visibilityTimeoutMs: Number.NaN }),
      async () => queue.changeVisibility('q', 'r', -1),
      async () => queue.depth(''),
      async () => queue.send('q', [{ body, group: '' }]),
      async () => queue.send('q', [{ body, once: { key: '', windowMs: 1 } }]),
      async () => queue.send('q', [{ body, once: { key: 'k', windowMs: -1 } }]),
      async () => queue.move('q', 'r', '', { body }),
      async () => queue.move('q', 'r', 'q', { body, id: 'no uuid' }),
    ];
    for (const request of bad) await assert.rejects(request, InvariantError, request.toString());
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
  });
}
