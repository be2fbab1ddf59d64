/** Who gets a shard of their own, and how many there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { calmLooks, growLooks, limitsDefault, shrinkLooks, troubledLooks } from './limits.ts';
import { dedicatedShardName, firstLayout, type Layout, shardsOf } from './placement.ts';
import { type FunctionSample, QueueManager, type Sample } from './queue-manager.ts';

const limits = { ...limitsDefault, shardsMin: 4, shardsMax: 16, shardsPerFunction: 2, dedicatedMax: 3 };
const quiet: FunctionSample = { functionKey: '1/quiet', attempts: 10, failures: 0, queued: 1 };
const sample = (functions: readonly FunctionSample[], each = 10, firstAgeMsMax = 0): Sample => ({
  functions,
  depthOf: () => each,
  firstAgeMsMax,
});

const behind = (index: number, queued: number): FunctionSample => ({
  functionKey: `1/f${index}`,
  attempts: 10,
  failures: 0,
  queued,
});

function looks(manager: QueueManager, one: Sample, count: number): Layout | undefined {
  let last: Layout | undefined;
  for (let look = 0; look < count; look += 1) last = manager.look(one) ?? last;
  return last;
}

test('a function that floods its shards gets one of its own, after it was seen twice', () => {
  const manager = new QueueManager(firstLayout(4), limits);
  const flood = sample([quiet, { functionKey: '1/noisy', attempts: 5, failures: 0, queued: 900 }], 500);
  assert.equal(looks(manager, flood, troubledLooks - 1), undefined);
  assert.deepEqual(manager.look(flood)?.dedicated, ['1/noisy']);
});

test('a function that fails most of the time is moved out as well', () => {
  const manager = new QueueManager(firstLayout(4), limits);
  const failing = sample([quiet, { functionKey: '1/bad', attempts: 100, failures: 90, queued: 20 }]);
  assert.deepEqual(looks(manager, failing, troubledLooks)?.dedicated, ['1/bad']);
});

test('a busy function that holds no more than its part, or is alone, stays', () => {
  const manager = new QueueManager(firstLayout(4), limits);
  const busy = { functionKey: '1/busy', attempts: 1_000, failures: 10, queued: 300 };
  assert.equal(looks(manager, sample([quiet, busy], 400), 10), undefined);
  const bad = { functionKey: '1/bad', attempts: 100, failures: 100, queued: 300 };
  assert.equal(looks(manager, sample([bad], 200), 10), undefined);
});

test('where all functions have long queues alike, each stays where it is', () => {
  const manager = new QueueManager(firstLayout(4), { ...limits, shardsMax: 4 });
  const all = Array.from({ length: 9 }, (_, index) => behind(index, 900 + 100 * index));
  assert.equal(looks(manager, sample(all, 500), 10), undefined);
  const [first, ...rest] = all.map((one, index) => (index === 0 ? behind(0, 90_000) : one));
  assert.ok(first !== undefined);
  assert.deepEqual(looks(manager, sample([first, ...rest], 500), troubledLooks)?.dedicated, ['1/f0']);
});

test('it goes back when it has been calm for a while, and its shard is served until it is empty', () => {
  const layout: Layout = { ...firstLayout(4), dedicated: ['1/noisy'] };
  const manager = new QueueManager(layout, limits);
  const still = { functionKey: '1/noisy', attempts: 50, failures: 50, queued: 5 };
  assert.equal(looks(manager, sample([quiet, still]), 3 * calmLooks), undefined, 'it still fails');
  const calm = { functionKey: '1/noisy', attempts: 3, failures: 0, queued: 2 };
  const back = looks(manager, sample([quiet, calm]), calmLooks);
  assert.deepEqual(back?.dedicated, []);
  assert.deepEqual(back?.draining, [dedicatedShardName('1/noisy')]);
  assert.equal(manager.look(sample([quiet])), undefined, 'there is still something in it');
  assert.deepEqual(manager.look({ ...sample([quiet]), depthOf: () => 0 })?.draining, []);
});

test('no more functions than allowed have shards of their own: the worst', () => {
  const manager = new QueueManager(firstLayout(4), limits);
  const noisy = [1, 2, 3, 4, 5].map((index) => ({
    functionKey: `1/f${index}`,
    attempts: 100,
    failures: 100,
    queued: index * 100,
  }));
  const layout = looks(manager, sample([quiet, ...noisy], 10_000), troubledLooks);
  assert.deepEqual(layout?.dedicated, ['1/f5', '1/f4', '1/f3']);
});

test('shards become more while events pile up or grow old, and fewer when they stay empty', () => {
  const manager = new QueueManager(firstLayout(4), limits);
  assert.equal(looks(manager, sample([quiet], 1_000), growLooks)?.shared.length, 8);
  assert.equal(looks(manager, sample([quiet], 20, 60_000), growLooks)?.shared.length, 16);
  assert.equal(looks(manager, sample([quiet], 1_000), 10), undefined, 'there is a most');
  const fewer = looks(manager, { ...sample([quiet]), depthOf: () => 1 }, shrinkLooks);
  assert.equal(fewer?.shared.length, 8);
  assert.equal(fewer?.draining.length, 8, 'what they have is still served');
  assert.equal(looks(manager, { ...sample([]), depthOf: () => 0 }, 10 * shrinkLooks)?.shared.length, 4);
});

test('whatever is seen, no shard that may have events is ever forgotten', () => {
  const functionSample = fc.record({
    functionKey: fc.constantFrom('1/a', '1/b', '1/c', '1/d', '1/e'),
    attempts: fc.integer({ min: 0, max: 200 }),
    failures: fc.integer({ min: 0, max: 200 }),
    queued: fc.integer({ min: 0, max: 5_000 }),
  });
  const one = fc.record({
    functions: fc.uniqueArray(functionSample, { selector: ({ functionKey }) => functionKey }),
    each: fc.constantFrom(0, 1, 10, 2_000),
    firstAgeMsMax: fc.constantFrom(0, 60_000),
    repeat: fc.integer({ min: 1, max: 70 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 30 }), (seen) => {
      const manager = new QueueManager(firstLayout(4), limits);
      /** Shards to which something may have been sent and that were not seen empty after that. */
      let filled = new Set(shardsOf(manager.layout));
      for (const { functions, each, firstAgeMsMax, repeat } of seen) {
        for (let look = 0; look < repeat; look += 1) {
          const before = manager.layout;
          const depthOf = (shard: string): number =>
            before.draining.includes(shard) && each < 10 ? 0 : each;
          manager.look({ functions, depthOf, firstAgeMsMax });
          const after = new Set(shardsOf(manager.layout));
          for (const shard of filled) {
            if (!after.has(shard))
              assert.equal(before.draining.includes(shard) && depthOf(shard) === 0, true, shard);
          }
          filled = after;
          const { shared, dedicated } = manager.layout;
          assert.ok(shared.length >= limits.shardsMin && shared.length <= limits.shardsMax);
          assert.ok(dedicated.length <= limits.dedicatedMax);
          assert.equal(new Set(shardsOf(manager.layout)).size, shardsOf(manager.layout).length, 'none twice');
        }
      }
    }),
    { numRuns: 50 },
  );
});
