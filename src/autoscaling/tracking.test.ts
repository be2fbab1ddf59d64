/** How much should be provisioned, minute by minute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Tracking, type TrackingTerms } from './tracking.ts';

const terms: TrackingTerms = {
  target: 0.7,
  minCapacity: 2,
  maxCapacity: 50,
  scaleOutCooldownMs: 0,
  scaleInCooldownMs: 0,
  mayScaleOut: true,
  mayScaleIn: true,
};

/** Plays minutes of constant use; the capacity after each. */
function play(minutes: readonly (number | undefined)[], begin: number, more: Partial<TrackingTerms> = {}) {
  const tracking = new Tracking();
  let capacity = begin;
  let nowMs = 0;
  tracking.observe(undefined, nowMs);
  return minutes.map((use) => {
    for (let sample = 0; sample < 12; sample++) {
      nowMs += 5_000;
      tracking.observe(use, nowMs);
      capacity = tracking.decide(capacity, { ...terms, ...more }, nowMs)?.capacity ?? capacity;
    }
    return capacity;
  });
}

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);

test('three minutes above the target take it to what the use calls for', () => {
  assert.deepEqual(play([0.9, 0.9, 1, 0.5], 10), [10, 10, 15, 15]);
  assert.deepEqual(play([0.9, 0.6, 0.9, 0.9], 10), [10, 10, 10, 10]);
  assert.deepEqual(play(times(6, 1), 10), [10, 10, 15, 15, 15, 22]);
  assert.deepEqual(play(times(3, 0.71), 10), [10, 10, 11], 'one more at least');
});

test('never above the most or below the least', () => {
  assert.equal(play(times(3, 1), 49).at(-1), 50);
  assert.equal(play(times(3, 1), 50).at(-1), 50);
  assert.equal(play(times(60, 0), 3).at(-1), 2);
});

test('it goes in slowly, and only after fifteen minutes', () => {
  const played = play(times(18, 0.1), 40);
  assert.deepEqual(played.slice(12), [40, 40, 36, 33, 30, 27]);
  assert.equal(play(times(15, 0.64), 40).at(-1), 40, 'nine tenths of the target is enough');
  assert.equal(play(times(15, 0.6), 10).at(-1), 9, 'no lower than what is in use calls for');
});

test('cooldowns, and directions that are switched off', () => {
  assert.deepEqual(play(times(7, 1), 10, { scaleOutCooldownMs: 240_000 }), [10, 10, 15, 15, 15, 15, 22]);
  const slow = play(times(18, 0.1), 40, { scaleInCooldownMs: 120_000 });
  assert.deepEqual(slow.slice(13), [40, 36, 36, 33, 33]);
  assert.equal(play(times(9, 1), 10, { mayScaleOut: false }).at(-1), 10);
  assert.equal(play(times(30, 0), 10, { mayScaleIn: false }).at(-1), 10);
});

test('minutes without anything to use break the row', () => {
  assert.deepEqual(play([1, 1, undefined, 1, 1], 10), [10, 10, 10, 10, 10]);
});

test('whatever is seen, it stays within its bounds', () => {
  const use = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 60 }), fc.integer({ min: 2, max: 50 }), (minutes, begin) => {
      for (const capacity of play(minutes, begin)) assert.ok(capacity >= 2 && capacity <= 50);
    }),
    { numRuns: 100 },
  );
});
