/** How many events are in work at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceLateMsMax } from './limits.ts';
import { Pace } from './pace.ts';

const calm = { lateMs: 1, wanted: true, flooded: false };

test('slots grow while they are all taken and the process is on time, up to their most', () => {
  const pace = new Pace(4, 128);
  assert.equal(pace.observe({ ...calm, wanted: false }), 4);
  assert.equal(pace.observe(calm), 5);
  for (let step = 0; step < 60; step += 1) pace.observe(calm);
  assert.equal(pace.slots, 128);
});

test('they shrink when the process comes late, down to their fewest', () => {
  const pace = new Pace(4, 128);
  for (let step = 0; step < 60; step += 1) pace.observe(calm);
  assert.equal(pace.observe({ ...calm, lateMs: paceLateMsMax + 1 }), 85);
  for (let step = 0; step < 20; step += 1) pace.observe({ ...calm, lateMs: 1_000 });
  assert.equal(pace.slots, 4);
});

test('while many events are coming in they grow by one in a second', () => {
  const pace = new Pace(4, 128);
  for (let look = 0; look < 9; look += 1) pace.observe({ ...calm, flooded: true });
  assert.equal(pace.slots, 4);
  for (let look = 0; look < 11; look += 1) pace.observe({ ...calm, flooded: true });
  assert.ok(pace.slots <= 6);
  pace.observe(calm);
  assert.ok(pace.slots > 5);
});
