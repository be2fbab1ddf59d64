/** Tests of the seeded generator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prng } from '#lib/prng';

const numbers = (seed: number, count: number): readonly number[] => {
  const random = prng(seed);
  return Array.from({ length: count }, () => random.next());
};

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(numbers(7, 100), numbers(7, 100));
  assert.notDeepEqual(numbers(7, 4), numbers(8, 4));
});

test('the stream of a seed does not change between releases, so that a recorded seed keeps its meaning', () => {
  const random = prng(1);
  assert.deepEqual(
    [random.uint32(), random.uint32(), random.uint32()],
    [1_930_539_107, 2_003_999_907, 2_883_482_671],
  );
});

test('numbers fill [0, 1) evenly', () => {
  const buckets = Array.from({ length: 10 }, () => 0);
  for (const number of numbers(42, 100_000)) {
    assert.ok(number >= 0 && number < 1);
    const bucket = Math.floor(number * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  // 100,000 draws: the standard deviation of a bucket is 95.
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 600, `bucket of ${count}`);
});
