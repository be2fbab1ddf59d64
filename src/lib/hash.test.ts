/** The hash: stable for ever, and even. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash32 } from './hash.ts';

test('it never changes: journals are found by it', () => {
  assert.deepEqual(
    ['', 'a', 'arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST'].map(hash32),
    [2872998923, 444641715, 834193220],
  );
});

test('names that differ little spread evenly over 64 partitions', () => {
  const counts = Array.from({ length: 64 }, () => 0);
  const names = 64_000;
  for (let i = 0; i < names; i++) {
    const partition = hash32(`arn:aws:lambda:us-east-1:000000000000:function:f${i}:$LATEST`) % 64;
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1_150, counts.join(' '));
});
