/** Tests of the token bucket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InvariantError } from '#lib/assert';
import { TokenBucket } from '#lib/token-bucket';

test('it starts full, empties, and refills evenly', () => {
  const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 100 }, 0);
  assert.equal(bucket.take(0, 10), true);
  assert.equal(bucket.take(0), false);
  assert.equal(bucket.waitMs(0), 10);
  assert.equal(bucket.take(9), false);
  assert.equal(bucket.take(10), true);
  assert.equal(bucket.take(10), false);
  assert.equal(bucket.available(1_000_000), 10);
});

test('a take that does not fit takes nothing', () => {
  const bucket = new TokenBucket({ capacity: 5, refillPerSecond: 1 }, 0);
  assert.equal(bucket.take(0, 6), false);
  assert.equal(bucket.take(0, 5), true);
  assert.equal(bucket.waitMs(0, 6), Infinity);
});

test('tokens given back never exceed the capacity', () => {
  const bucket = new TokenBucket({ capacity: 5, refillPerSecond: 0 }, 0);
  assert.equal(bucket.take(0, 3), true);
  bucket.giveBack(0, 2);
  assert.equal(bucket.available(0), 4);
  bucket.giveBack(0, 20);
  assert.equal(bucket.available(0), 5);
  assert.equal(bucket.take(0, 5), true);
  assert.equal(bucket.waitMs(0, 1), Infinity);
});

test('a new rate acts from now on and gives no burst', () => {
  const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 10 }, 0);
  bucket.setRate(0, { capacity: 4, refillPerSecond: 10 });
  assert.equal(bucket.available(0), 4);
  bucket.setRate(0, { capacity: 100, refillPerSecond: 10 });
  assert.equal(bucket.available(0), 4);
  assert.equal(bucket.available(1000), 14);
});

test('time that goes back neither refills nor takes', () => {
  const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 }, 1000);
  assert.equal(bucket.take(1000), true);
  assert.equal(bucket.take(0), false);
  assert.equal(bucket.take(1999), false);
  assert.equal(bucket.take(2000), true);
});

test('rates and counts without sense are refused', () => {
  assert.throws(() => new TokenBucket({ capacity: -1, refillPerSecond: 1 }, 0), InvariantError);
  assert.throws(() => new TokenBucket({ capacity: 1, refillPerSecond: Number.NaN }, 0), InvariantError);
  assert.throws(() => new TokenBucket({ capacity: 1, refillPerSecond: 1 }, 0).take(0, -1), InvariantError);
});

test('over any stretch of time no more is taken than burst and rate allow', () => {
  const step = fc.record({ waitMs: fc.nat(500), count: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const bucket = new TokenBucket({ capacity: 7, refillPerSecond: 20 }, 0);
      let nowMs = 0;
      let taken = 0;
      for (const { waitMs, count } of steps) {
        nowMs += waitMs;
        if (bucket.take(nowMs, count)) taken += count;
        assert.ok(taken <= 7 + (nowMs / 1000) * 20 + 1e-6);
      }
    }),
  );
});
