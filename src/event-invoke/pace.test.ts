/** How many events are in work at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

test('slots grow while they are all taken and the process is on time, up to their most', () => {
  const pace = new Pace(2, 50);
  const seen = Array.from({ length: 60 }, () => pace.observe({ lateMs: 0, wanted: true }));
  assert.deepEqual(seen.slice(0, 3), [3, 4, 5]);
  assert.equal(seen.at(-1), 50);
  assert.equal(pace.observe({ lateMs: 0, wanted: false }), 50);
});

test('they shrink when the process comes late, down to their fewest', () => {
  const pace = new Pace(2, 50);
  for (let step = 0; step < 60; step += 1) pace.observe({ lateMs: 0, wanted: true });
  assert.equal(pace.observe({ lateMs: 100, wanted: true }), 33);
  for (let step = 0; step < 60; step += 1) pace.observe({ lateMs: 100, wanted: true });
  assert.equal(pace.slots, 2);
});
