/** Who has which shard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Leasing } from './leasing.ts';

const leaseMs = 1_000;
const shards = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `s${index}`);

test('pollers share the shards evenly', () => {
  const leasing = new Leasing(shards(8), leaseMs);
  leasing.join('a', 0);
  leasing.join('b', 0);
  assert.equal(leasing.heartbeat('a', [], 0).length, 4);
  assert.equal(leasing.heartbeat('b', [], 0).length, 4);
  assert.equal(leasing.hasFree(0), false);
});

test('the shards of a poller that dies go to the others when its leases have ended, and not before', () => {
  const leasing = new Leasing(shards(4), leaseMs);
  leasing.join('a', 0);
  leasing.join('b', 0);
  const a = leasing.heartbeat('a', [], 0);
  const b = leasing.heartbeat('b', [], 0);
  assert.deepEqual(leasing.heartbeat('b', b, 999), b);
  assert.equal(leasing.heartbeat('b', b, 1_000).length, 4);
  assert.ok(a.every((shard) => leasing.holderOf(shard, 1_000) === 'b'));
});

test('a poller that joins gets its share as soon as the others have let go', () => {
  const leasing = new Leasing(shards(4), leaseMs);
  const all = leasing.heartbeat('a', [], 0);
  assert.equal(all.length, 4);
  assert.deepEqual(leasing.heartbeat('b', [], 10), []);
  const kept = leasing.heartbeat('a', all, 20);
  assert.equal(kept.length, 2);
  assert.deepEqual(leasing.heartbeat('b', [], 30), [], 'a may still be serving them');
  leasing.heartbeat('a', kept, 40);
  assert.equal(leasing.heartbeat('b', [], 50).length, 2);
});

test('a poller that leaves frees its shards at once', () => {
  const leasing = new Leasing(shards(4), leaseMs);
  leasing.heartbeat('a', [], 0);
  leasing.leave('a');
  assert.equal(leasing.heartbeat('b', [], 1).length, 4);
});

test('shards come and go', () => {
  const leasing = new Leasing(shards(2), leaseMs);
  const held = leasing.heartbeat('a', [], 0);
  leasing.setShards(['s1', 's2']);
  assert.deepEqual(leasing.heartbeat('a', held, 1).toSorted(), ['s1', 's2']);
});

test('no shard ever has two pollers, each is served again soon after a death, and all share evenly in the end', () => {
  const event = fc.record({
    poller: fc.integer({ min: 0, max: 5 }),
    kind: fc.constantFrom('beat', 'beat', 'beat', 'beat', 'lost', 'die', 'shards'),
    afterMs: fc.integer({ min: 0, max: 400 }),
    count: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), (events) => {
      const leasing = new Leasing(shards(20), leaseMs);
      /** What each poller believes, by its own clock: it counts a lease from when it asked. */
      const beliefs = new Map<number, { held: readonly string[]; untilMs: number }>();
      let nowMs = 0;
      let known = shards(20);
      const beat = (poller: number): void => {
        const held = beliefs.get(poller)?.held ?? [];
        beliefs.set(poller, { held: leasing.heartbeat(`p${poller}`, held, nowMs), untilMs: nowMs + leaseMs });
      };
      const check = (): void => {
        const owners = new Map<string, number>();
        for (const [poller, { held, untilMs }] of beliefs) {
          if (untilMs <= nowMs) continue;
          for (const shard of held) {
            assert.equal(owners.get(shard), undefined, `${shard} has two pollers`);
            owners.set(shard, poller);
          }
        }
      };
      for (const { poller, kind, afterMs, count } of events) {
        nowMs += afterMs;
        if (kind === 'beat') beat(poller);
        // The answer is lost: the poller goes on with what it had.
        if (kind === 'lost') leasing.heartbeat(`p${poller}`, beliefs.get(poller)?.held ?? [], nowMs);
        if (kind === 'die') beliefs.delete(poller);
        if (kind === 'shards') {
          known = shards(count);
          leasing.setShards(known);
        }
        check();
      }
      const living = [...beliefs.keys(), 9];
      for (let round = 0; round < 8; round += 1) {
        nowMs += 300;
        for (const poller of living) {
          beat(poller);
          check();
        }
      }
      const counts = living.map((poller) => beliefs.get(poller)?.held.length ?? 0);
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        known.length,
        'every shard is served',
      );
      assert.ok(Math.max(...counts) <= Math.ceil(known.length / living.length));
    }),
  );
});
