/** The engines of Queue agree: the same random life of three queues and of one that is received in groups, step by step, on the memory engine and on the SQLite engine, also over a restart. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryQueue } from '#engines/memory';
import { openSqlite } from '#engines/sqlite';
import { prng } from '#lib/prng';
import { FakeClock, type Message, type Queue, seededEntropy } from '#platform';
import { temporaryDirectory } from '../contract/temporary-directory.ts';

const steps = 120;
const names = ['a', 'b', 'c', 'groups'];

const seen = (messages: readonly Message[]): unknown =>
  messages.map(({ body, receiveCount, sentAtMs, firstReceivedAtMs }) => [
    Buffer.from(body).toString(),
    receiveCount,
    sentAtMs,
    firstReceivedAtMs,
  ]);

for (const seed of [1, Math.floor(Math.random() * 2 ** 32)]) {
  test(`memory and SQLite agree about ${steps} steps (seed ${seed})`, async (context) => {
    const directory = temporaryDirectory();
    context.after(directory.remove);
    const clock = new FakeClock();
    const limits = { trimRecordsMax: 100 };
    const open = (): ReturnType<typeof openSqlite> =>
      openSqlite(join(directory.path, 'store.db'), { clock, entropy: seededEntropy(seed), limits });
    let sqlite = await open();
    context.after(() => sqlite.close());
    const memory = memoryQueue({ clock, entropy: seededEntropy(seed), limits });
    const random = prng(seed);
    const below = (count: number): number => Math.floor(random.next() * count);
    const pick = <Value>(values: readonly Value[]): Value => {
      const value = values[below(values.length)];
      assert.ok(value !== undefined);
      return value;
    };
    /** What is in hand, as each of the two engines gave it out. */
    const held: { readonly name: string; readonly pair: readonly [Message, Message] }[] = [];
    let bodies = 0;
    const both = async <Answer>(
      act: (queue: Queue, side: 0 | 1) => Promise<Answer>,
    ): Promise<[Answer, Answer]> => [await act(memory, 0), await act(sqlite.queue, 1)];
    const agree = async (
      what: string,
      act: (queue: Queue, side: 0 | 1) => Promise<unknown>,
    ): Promise<void> => {
      const [one, other] = await both(act);
      assert.deepEqual(other, one, what);
    };
    const take = (): (typeof held)[number] | undefined => held.splice(below(held.length), 1)[0];

    const send = async (name: string, count: number, delayed: number): Promise<void> => {
      const messages = Array.from({ length: count }, () => {
        bodies += 1;
        const body = Buffer.from(String(bodies));
        const message = name === 'groups' ? { body, group: `g${below(9)}` } : { body };
        return random.next() < delayed ? Object.assign(message, { delayMs: below(3_000) }) : message;
      });
      await both((queue) => queue.send(name, messages));
    };

    const acts: (() => Promise<void>)[] = [
      async () => send(pick(names), pick([1, 1, 5, 40, 900]), pick([0, 0, 0.1])),
      ...Array.from({ length: 3 }, () => async () => {
        const name = pick(names);
        const inGroups = name === 'groups';
        const receiving = { max: pick([1, 10, 300, 1_000]), visibilityTimeoutMs: below(5_000), inGroups };
        const [one, other] = await both((queue) => queue.receive(name, receiving));
        assert.deepEqual(seen(other), seen(one), 'receive');
        for (const [index, message] of one.entries()) {
          const twin = other[index];
          if (twin !== undefined) held.push({ name, pair: [message, twin] });
        }
      }),
      async () => {
        const some = Array.from({ length: below(400) }, take).filter((one) => one !== undefined);
        await agree('delete', (queue, side) =>
          Promise.all(some.map(({ name, pair }) => queue.delete(name, pair[side].receipt))),
        );
      },
      async () => {
        const [one, timeoutMs] = [take(), below(4_000)];
        if (one === undefined) return;
        await agree('change', (queue, side) =>
          queue.changeVisibilityInFlight(one.name, one.pair[side].receipt, timeoutMs),
        );
      },
      async () => {
        const [one, to, keeps, delayMs] = [take(), pick(names), random.next() < 0.5, pick([0, 0, 1_000])];
        if (one === undefined) return;
        await agree('move', (queue, side) => {
          const { body, sentAtMs, receipt } = one.pair[side];
          const group = to === 'groups' ? { group: 'moved' } : {};
          return queue.move(one.name, receipt, to, { body, delayMs, ...group, ...(keeps && { sentAtMs }) });
        });
      },
      async () => clock.advance(below(2_000)),
      async () => {
        if (random.next() > 0.1) return;
        const name = pick(names);
        await agree('purge', (queue) => queue.purge(name));
      },
      async () => {
        if (random.next() > 0.3) return;
        const [name, beforeMs] = [pick(names), clock.wallMs() - below(20_000)];
        await agree('expire', (queue) => queue.expire(name, beforeMs));
      },
      async () => {
        if (random.next() > 0.3) return;
        await sqlite.close();
        sqlite = await open();
      },
    ];
    // More than a block of sequences.
    for (let count = 0; count < 2; count += 1) {
      for (const name of ['a', 'groups']) await send(name, 800, 0.01);
    }
    for (let step = 0; step < steps; step += 1) {
      await pick(acts)();
      const name = pick(names);
      await agree('depth', (queue) => queue.depth(name));
      await agree('next', (queue) => queue.nextVisibleMs(name, name === 'groups'));
    }
  });
}
