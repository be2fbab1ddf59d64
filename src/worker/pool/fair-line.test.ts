/** Nobody waits for another's burst. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FairLine } from './fair-line.ts';

test('one is served right after the first of five hundred', () => {
  const line = new FairLine<string>(1_000);
  for (let i = 0; i < 500; i++) line.join('a', `a${i}`);
  line.join('b', 'b0');
  line.join('c', 'c0');
  line.join('c', 'c1');
  const served = Array.from({ length: 6 }, () => line.next());
  assert.deepEqual(served, ['a0', 'b0', 'c0', 'a1', 'c1', 'a2']);
});

test('a full line turns away the last of whoever has most, for one that has fewer', () => {
  const line = new FairLine<string>(3);
  for (const item of ['a0', 'a1', 'a2']) assert.equal(line.join('a', item), undefined);
  assert.equal(line.join('a', 'a3'), 'a3');
  assert.equal(line.join('b', 'b0'), 'a2');
  assert.equal(line.join('b', 'b1'), 'b1', 'it has as many as the other then');
  assert.equal(line.join('c', 'c0'), 'a1');
  assert.deepEqual([line.next(), line.next(), line.next(), line.next()], ['a0', 'b0', 'c0', undefined]);
});

test('nothing is lost or served twice, each owner in its own order, and nobody waits longer than a round', () => {
  const step = fc.oneof(
    fc.record({ join: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.constant({ join: undefined }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 12 }), (steps, max) => {
      const line = new FairLine<{ readonly owner: string; readonly number: number }>(max);
      const waiting = new Map<string, number[]>();
      const passed = new Map<string, number>();
      let joined = 0;
      const total = (): number => [...waiting.values()].reduce((sum, numbers) => sum + numbers.length, 0);
      const serve = (): void => {
        const served = line.next();
        if (served === undefined) return assert.equal(total(), 0);
        assert.equal(waiting.get(served.owner)?.shift(), served.number, 'in its own order');
        passed.set(served.owner, 0);
        for (const [owner, numbers] of waiting) {
          if (owner === served.owner || numbers.length === 0) continue;
          passed.set(owner, (passed.get(owner) ?? 0) + 1);
          assert.ok((passed.get(owner) ?? 0) <= 4, `${owner} waits for the others again and again`);
        }
        return undefined;
      };
      for (const { join } of steps) {
        if (join === undefined) {
          serve();
          continue;
        }
        joined += 1;
        const turnedAway = line.join(join, { owner: join, number: joined });
        const mine = waiting.get(join) ?? [];
        waiting.set(join, mine);
        mine.push(joined);
        if (mine.length === 1) passed.set(join, 0);
        if (turnedAway !== undefined) {
          assert.equal(waiting.get(turnedAway.owner)?.pop(), turnedAway.number, 'the last of it');
        }
        assert.equal(line.size, total());
        assert.ok(line.size <= max);
      }
      while (line.size > 0) serve();
      assert.equal(line.next(), undefined);
    }),
    { numRuns: 500 },
  );
});
