/** Eviction: bounded, and what is read often survives a scan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Eviction } from './eviction.ts';

test('what is there is never more than the bound, and what makes room is gone', () => {
  const name = fc.nat(30).map(String);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.tuple(fc.nat(9), name), { maxLength: 300 }),
      (max, ops) => {
        const eviction = new Eviction(max);
        const there = new Set<string>();
        for (const [op, key] of ops) {
          if (op === 0) {
            eviction.remove(key);
            there.delete(key);
          } else if (!eviction.read(key)) {
            assert.ok(!there.has(key));
            for (const evicted of eviction.add(key)) assert.ok(there.delete(evicted));
            there.add(key);
          }
          assert.equal(eviction.size, there.size);
          assert.ok(there.size <= max && [...there].every((kept) => eviction.has(kept)));
        }
      },
    ),
  );
});

test('one pass over a large image does not push out what is read again and again', () => {
  const eviction = new Eviction(100);
  const hot = Array.from({ length: 60 }, (_, index) => `hot-${index}`);
  for (let round = 0; round < 3; round += 1) {
    for (const key of hot) if (!eviction.read(key)) eviction.add(key);
  }
  for (let index = 0; index < 10_000; index += 1)
    if (!eviction.read(`scan-${index}`)) eviction.add(`scan-${index}`);
  const kept = hot.filter((key) => eviction.has(key)).length;
  assert.equal(kept, 60);
});
