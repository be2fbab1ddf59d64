/** The pool's plan and the line of starts, without processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import { nextAction, type FlavorState } from './plan.ts';
import { Starts } from './starts.ts';

const limits = { perFlavorMax: 4, totalMax: 6, expiryMs: 1_000_000 };
const state = (flavor: string, members: number, lastUsedMs = 0, retryAtMs = 0): FlavorState => ({
  flavor,
  members,
  lastUsedMs,
  retryAtMs,
});

test('the emptiest flavor is filled first, the most recently used of them', () => {
  assert.deepEqual(nextAction([state('a', 1), state('b', 0, 1), state('c', 0, 2)], 10, limits), {
    kind: 'start',
    flavor: 'c',
  });
});

test('a flavor whose member died waits, and the others do not', () => {
  const states = [state('a', 0, 0, 500), state('b', 3)];
  assert.deepEqual(nextAction(states, 10, limits), { kind: 'start', flavor: 'b' });
  assert.deepEqual(nextAction([state('a', 0, 0, 500)], 10, limits), { kind: 'wait', untilMs: 500 });
});

test('a full pool gives to who has much less, and rests otherwise', () => {
  assert.deepEqual(nextAction([state('a', 4), state('b', 2, 5), state('c', 0, 9)], 10, limits), {
    kind: 'stop',
    flavor: 'a',
  });
  assert.equal(nextAction([state('a', 3), state('b', 3)], 10, limits).kind, 'wait');
});

test('flavors that nobody uses any more are emptied and forgotten', () => {
  assert.deepEqual(nextAction([state('a', 1)], 1_000_000, limits), { kind: 'stop', flavor: 'a' });
  assert.deepEqual(nextAction([state('a', 0)], 1_000_000, limits), { kind: 'forget', flavor: 'a' });
  assert.deepEqual(nextAction([], 0, limits), { kind: 'rest' });
});

test('a plan that is followed ends within its limits, whatever it starts from', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(8), fc.nat(200_000)), { maxLength: 12 }), (begin) => {
      const members = new Map(begin.map(([count, used], index) => [`f${index}`, { count, used }]));
      for (let turn = 0; ; turn += 1) {
        assert.ok(turn < 500, 'the plan never rests');
        const states = [...members].map(([flavor, { count, used }]) => state(flavor, count, used));
        const action = nextAction(states, 200_000, { ...limits, totalMax: 100 });
        if (action.kind === 'wait' || action.kind === 'rest') break;
        const member = members.get(action.flavor);
        assert.ok(member !== undefined);
        if (action.kind === 'forget') members.delete(action.flavor);
        else member.count += action.kind === 'start' ? 1 : -1;
      }
      for (const { count } of members.values()) assert.ok(count >= limits.perFlavorMax);
    }),
  );
});

test('starts go in line, and a place is given on by its holder or by time', async () => {
  const clock = new FakeClock();
  const starts = new Starts(clock, { parallelMax: 2, queuedMax: 2, holdMs: 100 });
  const entered: number[] = [];
  const enter = (index: number) =>
    starts.enter('f').then((settle) => {
      if (settle !== undefined) entered.push(index);
      return settle;
    });
  const first = await enter(1);
  await enter(2);
  const third = enter(3);
  const fourth = enter(4);
  assert.equal(await enter(5), undefined);
  assert.deepEqual(entered, [1, 2]);
  first?.();
  first?.();
  (await third)?.();
  await fourth;
  assert.deepEqual(entered, [1, 2, 3, 4]);
  assert.equal(starts.quiet, false);
  clock.advance(100);
  assert.equal(starts.quiet, true);
  assert.equal(clock.timers, 0);
});
