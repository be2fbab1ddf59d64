/** Groups: one batch at a time, and nothing done before what stands in front of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusyGroups, withLaterOfGroup } from './groups.ts';

const item = (groupId: string, id: number) => ({ groupId, id });

test('messages of a group in work are early until it is done', () => {
  const groups = new BusyGroups();
  const first = groups.admit([item('a', 1), item('a', 2), item('b', 1)]);
  assert.deepEqual([first.admitted.length, first.early.length], [3, 0]);
  const second = groups.admit([item('a', 3), item('c', 1)]);
  assert.deepEqual(second, { admitted: [item('c', 1)], early: [item('a', 3)] });
  groups.done(first.admitted);
  assert.equal(groups.count, 1);
  assert.deepEqual(groups.admit([item('a', 3)]).early, []);
});

test('what comes after a failed message of its group has failed too', () => {
  const batch = [item('a', 1), item('b', 1), item('a', 2), item('b', 2), item('a', 3)];
  const [, , failed] = batch;
  assert.ok(failed);
  assert.deepEqual([...withLaterOfGroup(batch, new Set([failed]))], [item('a', 2), item('a', 3)]);
  assert.deepEqual([...withLaterOfGroup(batch, new Set())], []);
});
