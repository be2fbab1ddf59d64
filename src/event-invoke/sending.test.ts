/** Events go to the store together while it is busy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sent } from '#platform';
import { settled } from './fixtures/world.ts';
import { Sending } from './sending.ts';

interface Asked {
  readonly shard: string;
  readonly count: number;
  readonly answer: PromiseWithResolvers<readonly Sent[]>;
}

function open(): { readonly sending: Sending; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const sending = new Sending({
    send(shard, messages) {
      const answer = Promise.withResolvers<readonly Sent[]>();
      asked.push({ shard, count: messages.length, answer });
      return answer.promise;
    },
  });
  return { sending, asked };
}

const body = new Uint8Array(8);
const told = (asked: readonly Asked[]): readonly string[] =>
  asked.map(({ shard, count }) => `${shard} ${count}`);

test('what comes while two sends of a shard are on their way waits, and goes together', async () => {
  const { sending, asked } = open();
  const outcomes: Promise<void>[] = [];
  for (const count of [2, 3, 4, 5]) {
    for (let sent = 0; sent < count; sent += 1) outcomes.push(sending.send('a', body));
    await settled();
  }
  outcomes.push(sending.send('b', body));
  await settled();
  assert.deepEqual(told(asked), ['a 2', 'a 3', 'b 1']);
  asked[0]?.answer.resolve([]);
  await settled();
  assert.deepEqual(told(asked), ['a 2', 'a 3', 'b 1', 'a 9']);
  for (const { answer } of asked) answer.resolve([]);
  await Promise.all(outcomes);
});

test('a send that fails fails those who were in it, and holds up nobody else', async () => {
  const { sending, asked } = open();
  const [first, second] = [sending.send('a', body), sending.send('a', body)];
  await settled();
  asked[0]?.answer.reject(new Error('full'));
  await assert.rejects(first, /full/);
  await assert.rejects(second, /full/);
  const third = sending.send('a', body);
  await settled();
  asked[1]?.answer.resolve([]);
  await third;
});

test('a send is never larger than the store takes', async () => {
  const { sending, asked } = open();
  for (let sent = 0; sent < 1_100; sent += 1) sending.send('a', body).catch(assert.fail);
  for (let sent = 0; sent < 9; sent += 1) {
    sending.send('b', new Uint8Array(1024 * 1024)).catch(assert.fail);
  }
  await settled();
  assert.deepEqual(told(asked), ['a 500', 'a 500', 'b 8', 'b 1']);
});
