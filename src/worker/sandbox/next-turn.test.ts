/** Tests of the turn that many wait for together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { atNextTurn } from './next-turn.ts';

test('all that is asked for in a turn is done in the next one, in order; what asks meanwhile waits for the one after', async () => {
  const done: string[] = [];
  atNextTurn(() => {
    done.push('first');
    atNextTurn(() => done.push('later'));
  });
  atNextTurn(() => done.push('second'));
  await Promise.resolve();
  assert.equal(done.length, 0, 'not before what is at hand was handled');
  await turnOfTheLoop();
  assert.deepEqual(done, ['first', 'second']);
  await turnOfTheLoop();
  assert.deepEqual(done, ['first', 'second', 'later']);
  atNextTurn(() => done.push('again'));
  await turnOfTheLoop();
  assert.equal(done.length, 4);
});
