/** Tests of deadlines: when they are told of, and that setting one again and again sets no more timers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import { Deadline } from './deadline.ts';

test('whatever is set and cleared, only a deadline that stands is reached, once and in time, and one timer serves all', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('set'), ms: fc.double({ min: 0, max: 50, noNaN: true }) }),
      fc.record({ kind: fc.constant('clear'), ms: fc.constant(0) }),
      fc.record({ kind: fc.constant('advance'), ms: fc.double({ min: 0, max: 30, noNaN: true }) }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const clock = new FakeClock();
      let standsMs: number | undefined;
      const deadline = new Deadline(clock, () => {
        assert.ok(standsMs !== undefined && clock.monotonicMs() >= standsMs - 1e-6);
        assert.equal(deadline.dueMs, standsMs);
        standsMs = undefined;
      });
      for (const { kind, ms } of list) {
        if (kind === 'advance') clock.advance(ms);
        else if (kind === 'set') {
          standsMs = clock.monotonicMs() + ms;
          deadline.set(ms);
        } else {
          standsMs = undefined;
          deadline.clear();
        }
        assert.ok(standsMs === undefined || standsMs >= clock.monotonicMs() - 1e-6, 'it was not told of');
        assert.ok(clock.timers <= 1);
      }
      clock.advance(100);
      assert.equal(standsMs, undefined);
      deadline.end();
      assert.equal(clock.timers, 0);
    }),
  );
});

test('a deadline that was set for a later time and then for an earlier one is reached at the earlier', () => {
  const clock = new FakeClock();
  const reached: number[] = [];
  const deadline = new Deadline(clock, () => reached.push(clock.monotonicMs()));
  deadline.set(100);
  deadline.clear();
  deadline.set(10);
  clock.advance(200);
  assert.deepEqual(reached, [10]);
});

test('nothing is left of one that has ended', () => {
  const clock = new FakeClock();
  const deadline = new Deadline(clock, () => assert.fail());
  deadline.set(10);
  deadline.end();
  assert.equal(clock.timers, 0);
  clock.advance(20);
});
