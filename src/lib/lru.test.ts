/** Tests of the bounded map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InvariantError } from '#lib/assert';
import { Lru } from '#lib/lru';

test('a full map drops the entry that was used longest ago', () => {
  const dropped: string[] = [];
  const lru = new Lru<string, number>(2, (key) => dropped.push(key));
  lru.set('a', 1);
  lru.set('b', 2);
  assert.equal(lru.get('a'), 1);
  lru.set('c', 3);
  assert.deepEqual(dropped, ['b']);
  assert.deepEqual(
    [...lru.entries()],
    [
      ['a', 1],
      ['c', 3],
    ],
  );
});

test('replacing and deleting drop nothing else, and has() is no use', () => {
  const dropped: string[] = [];
  const lru = new Lru<string, number | undefined>(2, (key) => dropped.push(key));
  lru.set('a', 1);
  lru.set('b', undefined);
  lru.set('a', 3);
  assert.equal(lru.delete('a'), true);
  assert.equal(lru.delete('a'), false);
  lru.set('c', 4);
  assert.deepEqual(dropped, []);
  assert.equal(lru.has('b'), true);
  lru.set('d', 5);
  assert.deepEqual(dropped, ['b']);
  lru.clear();
  assert.equal(lru.size, 0);
});

test('a map without room is refused', () => {
  assert.throws(() => new Lru(0), InvariantError);
  assert.throws(() => new Lru(1.5), InvariantError);
});

test('it never holds more than its bound, and always holds the most recently used keys', () => {
  const operation = fc.record({ kind: fc.constantFrom('set', 'get'), key: fc.nat(9) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(operation), (entriesMax, operations) => {
      const lru = new Lru<number, number>(entriesMax);
      let recent: number[] = [];
      for (const { kind, key } of operations) {
        if (kind === 'get' && !recent.includes(key)) {
          assert.equal(lru.get(key), undefined);
          continue;
        }
        if (kind === 'get') assert.equal(lru.get(key), key);
        else lru.set(key, key);
        recent = [...recent.filter((other) => other !== key), key].slice(-entriesMax);
        assert.deepEqual(
          [...lru.entries()].map(([entry]) => entry),
          recent,
        );
      }
    }),
  );
});
