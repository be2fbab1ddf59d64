/** Leases on mappings: each has one poller at a time, and after a while always one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hash32 } from '#lib/hash';
import { Leases } from './leasing.ts';

const rank = (member: string, mapping: string): number => hash32(`${member}/${mapping}`);
const mappings = Array.from({ length: 30 }, (_, index) => `mapping-${index}`);

test('one member has all; a second gets its share when the first has given it back', () => {
  const leases = new Leases(10, rank);
  const first = leases.heartbeat('a', mappings, new Set(), 0);
  assert.equal(first.size, 30);
  assert.equal(leases.heartbeat('b', mappings, new Set(), 1).size, 0);
  const kept = leases.heartbeat('a', mappings, first, 2);
  assert.ok(kept.size > 5 && kept.size < 25);
  leases.heartbeat('a', mappings, kept, 3);
  const second = leases.heartbeat('b', mappings, new Set(), 4);
  assert.deepEqual(new Set([...kept, ...second]), new Set(mappings));
  assert.equal(kept.size + second.size, 30);
});

test('a member that is silent loses its mappings when its lease ends', () => {
  const leases = new Leases(10, rank);
  leases.heartbeat('a', mappings, new Set(), 0);
  assert.equal(leases.heartbeat('b', mappings, new Set(), 9).size, 0);
  assert.equal(leases.heartbeat('b', mappings, new Set(), 10).size, 30);
});

test('a member that leaves loses them at once', () => {
  const leases = new Leases(10, rank);
  leases.heartbeat('a', mappings, new Set(), 0);
  leases.leave('a');
  assert.equal(leases.heartbeat('b', mappings, new Set(), 1).size, 30);
});

test('no two members poll one mapping at a time, whoever comes, goes and falls silent', () => {
  const member = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({
    member,
    act: fc.constantFrom('beat', 'beat', 'beat', 'silence'),
    afterMs: fc.integer({ min: 0, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const leaseMs = 10;
      const leases = new Leases(leaseMs, rank);
      /** What each member believes that it has, and until when. */
      const beliefs = new Map<string, { held: ReadonlySet<string>; untilMs: number }>();
      let nowMs = 0;
      for (const { member: id, act, afterMs } of steps) {
        nowMs += afterMs;
        if (act === 'silence') continue;
        const before = beliefs.get(id);
        const held = before !== undefined && before.untilMs > nowMs ? before.held : new Set<string>();
        beliefs.set(id, { held: leases.heartbeat(id, mappings, held, nowMs), untilMs: nowMs + leaseMs });
        const all: string[] = [];
        for (const belief of beliefs.values()) if (belief.untilMs > nowMs) all.push(...belief.held);
        assert.equal(new Set(all).size, all.length);
      }
    }),
  );
});
