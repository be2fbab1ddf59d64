/** Which shards functions have, and which one an event goes to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { firstLayout, type Layout, Placement, sharedShardName, shardsOf } from './placement.ts';

const functions = Array.from({ length: 3_000 }, (_, index) => `000000000000/function-${index}`);

test('every event frontend finds the same shards for a function, without asking', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 4 }),
      (key, shards, each) => {
        const [here, there] = [1, 2].map(() => new Placement(firstLayout(shards), each).homes(key));
        assert.deepEqual(here, there);
        assert.equal(new Set(here).size, Math.min(shards, each));
        const all = new Set(shardsOf(firstLayout(shards)));
        assert.ok(here?.every((shard) => all.has(shard)));
      },
    ),
  );
});

test('functions are spread evenly, and few pairs have all their shards in common', () => {
  const placement = new Placement(firstLayout(32), 3);
  const counts = new Map<string, number>();
  const sets = new Map<string, number>();
  for (const key of functions) {
    const homes = placement.homes(key);
    for (const shard of homes) counts.set(shard, (counts.get(shard) ?? 0) + 1);
    const set = homes.toSorted().join();
    sets.set(set, (sets.get(set) ?? 0) + 1);
  }
  const mean = (functions.length * 3) / 32;
  for (const [shard, count] of counts) assert.ok(Math.abs(count - mean) < mean * 0.3, `${shard}: ${count}`);
  // 4,960 sets of 3 of 32: of 3,000 functions a handful share one.
  assert.ok(
    Math.max(...sets.values()) <= 8,
    `${Math.max(...sets.values())} functions share all their shards`,
  );
});

test('when shards are added or taken away, functions keep those that remain', () => {
  const [few, many] = [16, 32].map((shards) => new Placement(firstLayout(shards), 3));
  let kept = 0;
  for (const key of functions) {
    const before = few?.homes(key) ?? [];
    const after = new Set(many?.homes(key));
    const old = before.filter((shard) => after.has(shard)).length;
    // What is new is of the new shards: nothing moves among the old ones.
    const fromOld = [...after].filter((shard) => Number(shard.split('/').at(-1)) < 16);
    assert.ok(fromOld.every((shard) => before.includes(shard)));
    kept += old;
  }
  assert.ok(Math.abs(kept / (functions.length * 3) - 0.5) < 0.05);
});

test('an event goes to the shortest of its shards, and among equals by chance', () => {
  const placement = new Placement(firstLayout(8), 3);
  const [a = '', b = '', c = ''] = placement.homes('f');
  const depths = new Map([
    [a, 5],
    [b, 1],
    [c, 3],
  ]);
  for (const chance of [0, 0.4, 0.99])
    assert.equal(
      placement.choose('f', (shard) => depths.get(shard) ?? 0, chance),
      b,
    );
  const chosen = [0, 0.4, 0.7].map((chance) => placement.choose('f', () => 0, chance));
  assert.deepEqual(chosen, [a, b, c]);
});

test('a function that was moved out has one shard to itself, and its events belong nowhere else', () => {
  const placement = new Placement(firstLayout(8), 3);
  const [home = ''] = placement.homes('1/noisy');
  assert.equal(placement.belongs('1/noisy', home), true);
  const layout: Layout = { ...firstLayout(8), generation: 2, dedicated: ['1/noisy'] };
  placement.replace(layout);
  assert.deepEqual(placement.homes('1/noisy'), ['event-invoke/dedicated/1/noisy']);
  assert.equal(placement.belongs('1/noisy', home), false);
  assert.equal(placement.belongs('1/noisy', 'event-invoke/dedicated/1/noisy'), true);
  assert.equal(placement.belongs('1/other', home), true);
  assert.equal(shardsOf(layout).length, 9);
  placement.replace({
    ...layout,
    generation: 3,
    dedicated: [],
    draining: ['event-invoke/dedicated/1/noisy'],
  });
  assert.equal(
    placement.belongs('1/noisy', 'event-invoke/dedicated/1/noisy'),
    true,
    'what is left there runs there',
  );
  assert.equal(
    placement.homes('1/noisy').every((shard) => shard.startsWith('event-invoke/shared/')),
    true,
  );
  assert.equal(sharedShardName(3), 'event-invoke/shared/3');
});
