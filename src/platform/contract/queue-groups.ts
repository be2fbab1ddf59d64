/** What every engine of Queue must do with groups, keys, moves and sweeps. Time is a FakeClock's, so no test waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../fake-clock.ts';
import type { Message, Queue } from '../queue.ts';
import type { OpenQueue } from './queue.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const texts = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ body }) => new TextDecoder().decode(body));
const receiptOf = (message: Message | undefined): string => message?.receipt ?? '';

const receive = async (queue: Queue, max = 10, visibilityTimeoutMs = 1000): Promise<readonly Message[]> =>
  queue.receive('q', { max, visibilityTimeoutMs, inGroups: true });

/** `a1 b1 a2`: each to the group of its letter. */
const send = async (queue: Queue, words: string, delayMs = 0): Promise<unknown> =>
  queue.send(
    'q',
    words.split(' ').map((word) => ({ body: text(word), group: word.charAt(0), delayMs })),
  );

export function queueGroupsContract(name: string, open: OpenQueue): void {
  const contract = (title: string, body: (queue: Queue, clock: FakeClock) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const clock = new FakeClock();
      const { queue, close } = await open(clock, { trimRecordsMax: 3 });
      try {
        await body(queue, clock);
      } finally {
        await close();
      }
    });
  };

  contract('a group is received in order, as much of it as fits before the next group', async (queue) => {
    await send(queue, 'a1 b1 a2 a3 b2');
    const first = await receive(queue, 2);
    assert.deepEqual(texts(first), ['a1', 'a2']);
    assert.deepEqual(
      first.map(({ group }) => group),
      ['a', 'a'],
    );
    assert.deepEqual(texts(await receive(queue)), ['b1', 'b2']);
    assert.deepEqual(texts(await receive(queue)), []);
  });

  contract('nothing of a group is received while something of it is in flight', async (queue, clock) => {
    await send(queue, 'a1 a2 a3');
    const [first, second] = await receive(queue, 2);
    await queue.delete('q', receiptOf(first));
    assert.deepEqual(await receive(queue), []);
    assert.equal(await queue.nextVisibleMs('q', true), 1000);
    await queue.changeVisibility('q', receiptOf(second), 5000);
    clock.advance(4999);
    assert.deepEqual(await receive(queue), []);
    clock.advance(1);
    assert.deepEqual(texts(await receive(queue)), ['a2', 'a3']);
  });

  contract('a message that comes back stands before what was sent after it', async (queue) => {
    await send(queue, 'a1 a2 b1 a3');
    const [first, second] = await receive(queue, 2);
    await queue.changeVisibility('q', receiptOf(first), 0);
    assert.deepEqual(texts(await receive(queue)), ['b1']);
    await queue.changeVisibility('q', receiptOf(second), 0);
    assert.deepEqual(texts(await receive(queue, 3)), ['a1', 'a2', 'a3']);
  });

  contract('a delayed message holds up its group alone', async (queue, clock) => {
    await send(queue, 'a1', 500);
    await send(queue, 'a2 b1');
    assert.deepEqual(texts(await receive(queue)), ['b1']);
    assert.equal(await queue.nextVisibleMs('q', true), 500);
    clock.advance(500);
    assert.deepEqual(texts(await receive(queue)), ['a1', 'a2']);
  });

  contract('many groups are received, the one that waited longest first', async (queue, clock) => {
    for (const word of ['a1', 'b1', 'c1', 'd1']) {
      await send(queue, word);
      clock.advance(1);
    }
    const [first, second] = await receive(queue, 2);
    assert.deepEqual(texts(await receive(queue, 1)), ['c1']);
    await send(queue, 'a2 b2');
    await queue.delete('q', receiptOf(second));
    await queue.delete('q', receiptOf(first));
    assert.deepEqual(texts(await receive(queue)), ['d1', 'a2', 'b2']);
  });

  contract('only messages with a group are received in groups', async (queue) => {
    await queue.send('q', [{ body: text('alone') }]);
    assert.deepEqual(await receive(queue), []);
    assert.equal(await queue.nextVisibleMs('q', true), undefined);
    assert.equal(await queue.nextVisibleMs('q'), 0);
  });

  contract('it is known when the next message can be received', async (queue, clock) => {
    assert.equal(await queue.nextVisibleMs('q'), undefined);
    await queue.send('q', [{ body: text('x'), delayMs: 300 }]);
    assert.equal(await queue.nextVisibleMs('q'), 300);
    clock.advance(400);
    assert.equal(await queue.nextVisibleMs('q'), 0);
    await queue.receive('q', { max: 1, visibilityTimeoutMs: 700 });
    assert.equal(await queue.nextVisibleMs('q'), 700);
  });

  contract('the first reception is remembered, and sequences rise', async (queue, clock) => {
    const sent = await queue.send('q', [
      { body: text('1'), group: 'a' },
      { body: text('2'), group: 'b' },
    ]);
    clock.advance(5);
    const [first] = await receive(queue, 1, 10);
    assert.equal(first?.sequence, sent[0]?.sequence);
    assert.ok((sent[1]?.sequence ?? 0) > (sent[0]?.sequence ?? 0));
    assert.equal(first?.firstReceivedAtMs, clock.wallMs());
    clock.advance(10);
    const again = (await receive(queue)).find(({ id }) => id === first?.id);
    assert.equal(again?.firstReceivedAtMs, clock.wallMs() - 10);
    assert.equal(again?.receiveCount, 2);
  });

  contract('a message whose key was used is not stored again within the window', async (queue, clock) => {
    const once = { key: 'k', windowMs: 1000 };
    const [first, other, twice] = await queue.send('q', [
      { body: text('1'), once },
      { body: text('2'), once: { key: 'l', windowMs: 1000 } },
      { body: text('3'), once },
    ]);
    assert.deepEqual(twice, { id: first?.id, sequence: first?.sequence, duplicate: true });
    assert.equal(other?.duplicate, false);
    const received = await queue.receive('q', { max: 10, visibilityTimeoutMs: 1 });
    assert.deepEqual(texts(received), ['1', '2']);
    for (const message of received) await queue.delete('q', message.receipt);
    clock.advance(999);
    const [third] = await queue.send('q', [{ body: text('4'), once }]);
    assert.deepEqual([third?.id, third?.duplicate], [first?.id, true]);
    assert.equal((await queue.send('elsewhere', [{ body: text('5'), once }]))[0]?.duplicate, false);
    clock.advance(1);
    const [fourth] = await queue.send('q', [{ body: text('6'), once }]);
    assert.equal(fourth?.duplicate, false);
    assert.equal((await queue.depth('q')).visible, 1);
  });

  contract('what must be in flight is told from what is visible again', async (queue, clock) => {
    await queue.send('q', [{ body: text('x') }]);
    const [message] = await queue.receive('q', { max: 1, visibilityTimeoutMs: 100 });
    assert.equal(await queue.changeVisibilityInFlight('q', receiptOf(message), 200), 'changed');
    clock.advance(200);
    assert.equal(await queue.changeVisibilityInFlight('q', receiptOf(message), 200), 'visible');
    assert.equal(await queue.deleteInFlight('q', receiptOf(message)), 'visible');
    const [again] = await queue.receive('q', { max: 1, visibilityTimeoutMs: 100 });
    assert.equal(await queue.deleteInFlight('q', receiptOf(message)), 'stale');
    assert.equal(await queue.changeVisibilityInFlight('q', receiptOf(message), 1), 'stale');
    assert.equal(await queue.deleteInFlight('q', receiptOf(again)), 'deleted');
    assert.equal(await queue.deleteInFlight('q', receiptOf(again)), 'gone');
    assert.equal(await queue.deleteInFlight('q', 'invented'), 'gone');
    assert.equal(await queue.changeVisibilityInFlight('nothing', receiptOf(again), 1), 'gone');
  });

  contract('a message moves with what it is to keep, once', async (queue, clock) => {
    await send(queue, 'a1 a2');
    const [message] = await receive(queue, 1);
    clock.advance(10);
    const moved = { body: text('moved'), id: message?.id ?? '', sentAtMs: message?.sentAtMs ?? 0 };
    assert.equal(await queue.move('q', receiptOf(message), 'dead', moved), 'moved');
    assert.equal(await queue.move('q', receiptOf(message), 'dead', moved), 'stale');
    assert.deepEqual(texts(await receive(queue)), ['a2']);
    const [dead] = await queue.receive('dead', { max: 10, visibilityTimeoutMs: 1 });
    assert.equal(dead?.id, message?.id);
    assert.equal(dead?.sentAtMs, message?.sentAtMs);
    assert.equal(dead?.receiveCount, 1);
    assert.equal(dead?.group, undefined);
    assert.deepEqual(texts(dead === undefined ? [] : [dead]), ['moved']);
    const back = { body: text('back'), group: 'a' };
    assert.equal(await queue.move('dead', receiptOf(dead), 'q', back), 'moved');
    clock.advance(1000);
    const [, returned] = await receive(queue);
    assert.equal(returned?.group, 'a');
    assert.notEqual(returned?.id, dead?.id);
    assert.equal(returned?.sentAtMs, clock.wallMs() - 1000);
    assert.deepEqual(await queue.depth('dead'), { visible: 0, inFlight: 0, delayed: 0 });
  });

  contract(
    'a message that moves with a delay is hidden until it has passed, also in the same queue',
    async (queue, clock) => {
      await send(queue, 'a1');
      const [message] = await receive(queue);
      assert.equal(
        await queue.move('q', receiptOf(message), 'q', { body: text('again'), delayMs: 500, group: 'a' }),
        'moved',
      );
      assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 1 });
      clock.advance(499);
      assert.deepEqual(await receive(queue), []);
      clock.advance(1);
      assert.deepEqual(texts(await receive(queue)), ['again']);
      assert.equal(await queue.move('q', receiptOf(message), 'q', { body: text('no') }), 'stale');
    },
  );

  contract('a purge deletes what is there, in whatever state, and nothing else', async (queue, clock) => {
    await send(queue, 'a1 a2 b1 b2 c1 c2 d1');
    await send(queue, 'e1', 1000);
    await queue.send('other', [{ body: text('stays') }]);
    const [message] = await receive(queue, 3);
    await queue.purge('q');
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
    assert.equal(await queue.delete('q', receiptOf(message)), 'stale');
    await send(queue, 'a9');
    clock.advance(5000);
    assert.deepEqual(texts(await receive(queue)), ['a9']);
    assert.equal((await queue.depth('other')).visible, 1);
    await queue.purge('nothing');
  });

  contract('what is too old goes, by the time at which it was sent', async (queue, clock) => {
    await send(queue, 'a1 a2 b1 c1 c2 d1 d2');
    clock.advance(100);
    await send(queue, 'a3 e1');
    assert.equal(await queue.expire('q', clock.wallMs()), 7);
    assert.equal(await queue.expire('q', clock.wallMs()), 0);
    assert.deepEqual(texts(await receive(queue)), ['a3', 'e1']);
    assert.equal(await queue.expire('nothing', clock.wallMs()), 0);
  });

  contract('a queue that was dropped is as one that never was', async (queue) => {
    const once = { key: 'k', windowMs: 100_000 };
    await queue.send('q', [{ body: text('1'), once, group: 'a' }]);
    await receive(queue);
    await queue.drop('q');
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
    assert.equal((await queue.send('q', [{ body: text('2'), once, group: 'a' }]))[0]?.duplicate, false);
    assert.deepEqual(texts(await receive(queue)), ['2']);
  });

  contract('a group stays in order under receivers that fail and come back', async (queue, clock) => {
    const words = Array.from({ length: 60 }, (_, index) => `${'abc'.charAt(index % 3)}${index}`);
    await send(queue, words.join(' '));
    const done: string[] = [];
    for (let round = 0; done.length < words.length; round += 1) {
      assert.ok(round < 1000, 'it comes to an end');
      const messages = await receive(queue, 1 + (round % 4), 10);
      for (const [index, message] of messages.entries()) {
        // From the first that fails on, the rest of the batch fails with it.
        if ((round + index) % 3 === 2) break;
        await queue.delete('q', message.receipt);
        done.push(...texts([message]));
      }
      clock.advance(round % 2 === 0 ? 10 : 3);
    }
    for (const group of 'abc') {
      const ofGroup = (all: readonly string[]) => all.filter((word) => word.startsWith(group));
      assert.deepEqual(ofGroup(done), ofGroup(words));
    }
    assert.equal(await queue.nextVisibleMs('q', true), undefined);
  });
}
