/** Batches: full by number, by size or by time; nothing lost, nothing reordered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Batching } from './batching.ts';

const items = (batch: readonly { readonly item: number }[] | undefined) => batch?.map(({ item }) => item);

test('a batch is full by its records', () => {
  const batching = new Batching<number>({ recordsMax: 2, windowMs: 1_000, bytesMax: 100 });
  for (const item of [1, 2, 3]) batching.add(item, 1, 0);
  assert.deepEqual(items(batching.take(0)), [1, 2]);
  assert.equal(batching.take(999), undefined);
  assert.equal(batching.dueMs(), 1_000);
  assert.deepEqual(items(batching.take(1_000)), [3]);
  assert.equal(batching.dueMs(), undefined);
});

test('a batch is closed before the record that would make it too large, and one record is always a batch', () => {
  const batching = new Batching<number>({ recordsMax: 10, windowMs: 1_000, bytesMax: 10 });
  batching.add(1, 6, 0);
  batching.add(2, 6, 0);
  batching.add(3, 20, 0);
  assert.deepEqual(items(batching.take(0)), [1]);
  assert.deepEqual(items(batching.take(0)), [2]);
  assert.deepEqual(items(batching.take(0)), [3]);
});

test('without a window what is there is a batch, and a record may wait for less than the window', () => {
  const batching = new Batching<number>({ recordsMax: 10, windowMs: 0, bytesMax: 10 });
  batching.add(1, 1, 5);
  batching.add(2, 1, 5);
  assert.deepEqual(items(batching.take(5)), [1, 2]);
  batching.replan({ recordsMax: 10, windowMs: 5_000, bytesMax: 10 });
  batching.add(3, 1, 5, 100);
  assert.equal(batching.dueMs(), 105);
});

test('what waits is closed by another plan, and drained by an end', () => {
  const batching = new Batching<number>({ recordsMax: 10, windowMs: 1_000, bytesMax: 10 });
  batching.add(1, 1, 0);
  batching.replan({ recordsMax: 1, windowMs: 1_000, bytesMax: 10 });
  assert.deepEqual(items(batching.take(0)), [1]);
  batching.add(2, 1, 0);
  batching.add(3, 1, 0);
  assert.equal(batching.count, 2);
  assert.deepEqual(batching.drain(), [2, 3]);
  assert.equal(batching.count, 0);
  assert.equal(batching.take(9_999), undefined);
});

test('whatever comes, comes out once, in order, within the bounds', () => {
  const plan = fc.record({
    recordsMax: fc.integer({ min: 1, max: 5 }),
    windowMs: fc.integer({ min: 0, max: 20 }),
    bytesMax: fc.integer({ min: 1, max: 30 }),
  });
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 40 }),
    afterMs: fc.integer({ min: 0, max: 10 }),
  });
  fc.assert(
    fc.property(plan, fc.array(step, { maxLength: 40 }), (bounds, steps) => {
      const batching = new Batching<number>(bounds);
      const out: number[] = [];
      let nowMs = 0;
      const takeAll = (): void => {
        for (let batch = batching.take(nowMs); batch; batch = batching.take(nowMs)) {
          assert.ok(batch.length >= 1 && batch.length <= bounds.recordsMax);
          const bytes = batch.reduce((sum, each) => sum + each.bytes, 0);
          assert.ok(batch.length === 1 || bytes <= bounds.bytesMax);
          out.push(...batch.map(({ item }) => item));
        }
      };
      for (const [index, { bytes, afterMs }] of steps.entries()) {
        nowMs += afterMs;
        takeAll();
        batching.add(index, bytes, nowMs);
        assert.equal(batching.count, index + 1 - out.length);
      }
      nowMs += bounds.windowMs;
      takeAll();
      assert.deepEqual(
        out,
        steps.map((_step, index) => index),
      );
    }),
  );
});
