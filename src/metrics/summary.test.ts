/** Summaries: they add up however they are divided, and their percentiles are near. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { binary, Measure } from './measure.ts';
import { bucketBound, bucketOf, percentile, Summary, type Values, zeroBucket } from './summary.ts';

const values = fc.array(fc.oneof(fc.double({ min: 0.01, max: 900_000, noNaN: true }), fc.constant(0)), {
  minLength: 1,
  maxLength: 60,
});

const plain = ({ count, min, max, buckets }: Values): unknown => ({
  count,
  min,
  max,
  buckets: buckets && [...buckets].sort(([a], [b]) => a - b),
});
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));

test('any division into parts has the same sums as the whole', () => {
  fc.assert(
    fc.property(values, fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }), (all, parts) => {
      const whole = new Summary();
      const split = [0, 1, 2, 3].map(() => new Summary());
      all.forEach((value, index) => {
        whole.add(value);
        split[parts[index] ?? 0]?.add(value);
      });
      const merged = new Summary();
      for (const part of split) merged.merge(part);
      assert.deepEqual(plain(merged), plain(whole));
      assert.ok(near(merged.sum, whole.sum));
    }),
  );
});

test('what is measured without allocating is the same', () => {
  fc.assert(
    fc.property(values, (all) => {
      const measure = new Measure('spread');
      const summary = new Summary();
      for (const value of all) {
        measure.add(value);
        summary.add(value);
      }
      const taken = measure.take();
      assert.equal(taken.count, summary.count);
      assert.ok(near(taken.sum, summary.sum));
      assert.deepEqual([taken.min, taken.max], [summary.min, summary.max]);
      assert.equal(
        [...(taken.buckets ?? [])].reduce((sum, [, count]) => sum + count, 0),
        all.length,
      );
      assert.ok(measure.isEmpty);
      assert.equal(measure.take().count, 0);
    }),
  );
});

test('a percentile is within a bucket of the value that has its rank', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 100, noNaN: true }), (all, percent) => {
      const summary = new Summary();
      for (const value of all) summary.add(value);
      const found = percentile(summary, percent) ?? Number.NaN;
      const sorted = all.toSorted((a, b) => a - b);
      const rank = Math.max(0, Math.ceil((percent / 100) * all.length) - 1);
      const exact = sorted[rank] ?? Number.NaN;
      assert.ok(found >= exact / 1.0906 - 1e-9 && found <= exact * 1.0906 + 1e-9, `${found} for ${exact}`);
    }),
  );
});

test('every value lies in its bucket', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e30, noNaN: true }), (value) => {
      const bucket = bucketOf(value);
      assert.ok(value <= bucketBound(bucket) * (1 + 1e-12));
      assert.ok(value > bucketBound(bucket - 1) * (1 - 1e-12));
    }),
  );
  assert.equal(bucketBound(zeroBucket), 0);
});

test('negative values have no percentiles, unless they are all the same', () => {
  const summary = new Summary();
  summary.add(-1);
  assert.equal(percentile(summary, 50), -1);
  summary.add(3);
  assert.equal(percentile(summary, 50), undefined);
  assert.deepEqual([summary.count, summary.sum, summary.min, summary.max], [2, 2, -1, 3]);
});

test('a summary has so many buckets and no more, and loses no value', () => {
  const summary = new Summary();
  for (let value = 1; value < 2 ** 40; value *= 1.05) summary.add(value);
  assert.ok((summary.buckets?.size ?? 0) <= 128);
  assert.equal(
    [...(summary.buckets ?? [])].reduce((sum, [, count]) => sum + count, 0),
    summary.count,
  );
});

test('outcomes that happened or not are zeroes and ones', () => {
  assert.deepEqual(plain(binary(5, 2)), {
    count: 5,
    min: 0,
    max: 1,
    buckets: [
      [zeroBucket, 3],
      [0, 2],
    ],
  });
  assert.deepEqual(plain(binary(5, 5)), { count: 5, min: 1, max: 1, buckets: [[0, 5]] });
  assert.deepEqual(plain(binary(5, 0)), { count: 5, min: 0, max: 0, buckets: [[zeroBucket, 5]] });
});
