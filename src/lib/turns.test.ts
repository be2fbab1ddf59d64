/** Works that take turns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '#lib/turns';

test('works run at most so many at once, and one that fails gives its place back', async () => {
  const turns = new Turns(2);
  let [running, most] = [0, 0];
  const work = async (fails: boolean): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (fails) throw new Error('as asked');
  };
  const all = await Promise.allSettled(
    Array.from({ length: 9 }, (_, at) => turns.run(() => work(at % 3 === 0))),
  );
  assert.deepEqual([most, running], [2, 0]);
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 3);
});

test('where waiting is bounded, it is full while as many wait as may', async () => {
  const turns = new Turns(1, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.run(() => promise);
  assert.equal(turns.isFull, false);
  const second = turns.run(async () => 'second');
  assert.equal(turns.isFull, true);
  await assert.rejects(
    turns.run(async () => 'third'),
    /looks first/,
  );
  resolve();
  await first;
  assert.equal(await second, 'second');
  assert.equal(turns.isFull, false);
});
