/** Tests of following against a journal whose every moment the test decides. A lost wake-up shows as a promise that never settles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Followers } from './journal-follow.ts';
import type { RecordPage } from './journal-follow.ts';

const body = Uint8Array.of(1);
const readNothing = async (): Promise<RecordPage> => ({ records: [], next: 0 });
const readOne = async (from: number): Promise<RecordPage> => ({
  records: [{ sequence: from, body }],
  next: from + 1,
});

test('an append that happens while the follower looks is not missed', async () => {
  const followers = new Followers(10);
  let next = 1;
  const read = async (from: number): Promise<RecordPage> => {
    const page = {
      records: Array.from({ length: next - from }, (_, index) => ({ sequence: from + index, body })),
      next,
    };
    await Promise.resolve();
    if (next < 3) {
      next += 1;
      followers.appended('p');
    }
    return page;
  };
  const records = followers.follow('p', 0, new AbortController().signal, read);
  const told = [await records.next(), await records.next(), await records.next()];
  assert.deepEqual(
    told.map(({ value }) => value?.sequence),
    [0, 1, 2],
  );
});

test('a failing journal wakes those who sleep', async () => {
  const followers = new Followers(10);
  const records = followers.follow('p', 0, new AbortController().signal, readNothing);
  const waiting = assert.rejects(records.next(), { message: 'gone' });
  // The follower reaches its sleep first.
  await new Promise(setImmediate);
  followers.fail(new Error('gone'));
  await waiting;
});

test('more followers than the bound are refused, and those that stopped do not count', async () => {
  const followers = new Followers(1);
  const first = followers.follow('p', 0, new AbortController().signal, readOne);
  await first.next();
  const second = followers.follow('q', 0, new AbortController().signal, readOne);
  await assert.rejects(second.next(), { reason: 'overloaded' });
  await first.return();
  const third = followers.follow('q', 5, new AbortController().signal, readOne);
  assert.equal((await third.next()).value?.sequence, 5);
  await third.return();
});
