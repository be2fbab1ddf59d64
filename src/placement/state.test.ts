/** The choice of a worker: room, health, spread, and the counts that must never go wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { WorkerCapacity } from './placement.ts';
import { Fleet } from './state.ts';

const nobody: ReadonlySet<string> = new Set();
const first = (): number => 0;

function capacity(workerId: string, more: Partial<WorkerCapacity> = {}): WorkerCapacity {
  return { workerId, zone: 'z1', memoryMb: 1_024, environmentsMax: 10, liveness: 'heartbeat', ...more };
}

/** A repeatable sequence of draws. */
function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('without workers there is no room, and the answer says so', () => {
  assert.deepEqual(new Fleet(10).place(128, nobody, 0, first), {
    kind: 'nowhere',
    message: 'no worker is known',
  });
});

test('the least loaded worker is chosen', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a'), 0);
  fleet.add(capacity('b'), 0);
  fleet.adopted('a', 512);
  assert.deepEqual(fleet.place(128, nobody, 0, first), { kind: 'placed', workerId: 'b' });
});

test('memory and number of environments are both bounds', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a', { memoryMb: 300, environmentsMax: 100 }), 0);
  assert.equal(fleet.place(128, nobody, 0, first).kind, 'placed');
  assert.equal(fleet.place(128, nobody, 0, first).kind, 'placed');
  assert.deepEqual(fleet.place(128, nobody, 0, first), {
    kind: 'full',
    message: 'no worker has room for 128 MB more',
  });
  fleet.add(capacity('b', { environmentsMax: 1 }), 0);
  assert.equal(fleet.place(128, nobody, 0, first).kind, 'placed');
  assert.equal(fleet.place(128, nobody, 0, first).kind, 'full');
  fleet.removed('a', 128);
  assert.deepEqual(fleet.place(128, nobody, 0, first), { kind: 'placed', workerId: 'a' });
});

test('a worker that has refused is avoided', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a'), 0);
  assert.deepEqual(fleet.place(128, new Set(['a']), 0, first), {
    kind: 'nowhere',
    message: 'every healthy worker has refused it',
  });
});

test('a silent worker gets nothing until it is heard of again; one in this process is never silent', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a'), 0);
  assert.equal(fleet.place(128, nobody, 10, first).kind, 'placed');
  assert.deepEqual(fleet.place(128, nobody, 11, first), {
    kind: 'nowhere',
    message: 'none of 1 workers is healthy',
  });
  fleet.heard('a', 11);
  assert.equal(fleet.place(128, nobody, 12, first).kind, 'placed');
  fleet.add(capacity('local', { liveness: 'in-process' }), 0);
  assert.deepEqual(fleet.place(128, nobody, 1_000_000, first), { kind: 'placed', workerId: 'local' });
});

test('a draining worker keeps what it has and gets nothing new', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a'), 0);
  fleet.place(128, nobody, 0, first);
  fleet.drain('a');
  assert.equal(fleet.place(128, nobody, 0, first).kind, 'nowhere');
  assert.equal(fleet.host('a')?.environments, 1);
});

test('what is reported of a worker that left is ignored', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a'), 0);
  fleet.place(128, nobody, 0, first);
  fleet.remove('a');
  fleet.removed('a', 128);
  fleet.adopted('a', 128);
  fleet.heard('a', 0);
  fleet.add(capacity('a'), 0);
  fleet.removed('a', 128);
  assert.equal(fleet.host('a')?.environments, 0);
});

test('environments are spread over zones even when one zone has more workers', () => {
  const fleet = new Fleet(10);
  for (let i = 0; i < 6; i++) {
    fleet.add(
      capacity(`w${i}`, { zone: i < 4 ? 'big' : 'small', memoryMb: 100_000, environmentsMax: 1_000 }),
      0,
    );
  }
  for (let i = 0; i < 600; i++) fleet.place(128, nobody, 0, first);
  for (let i = 0; i < 6; i++) {
    const environments = fleet.host(`w${i}`)?.environments ?? 0;
    assert.ok(environments >= 80 && environments <= 120, `w${i} has ${environments}`);
  }
});

test('a thousand workers fill evenly, and to the last place', () => {
  const fleet = new Fleet(10);
  const draw = draws(7);
  const workers = 1_000;
  for (let i = 0; i < workers; i++) {
    fleet.add(capacity(`w${i}`, { zone: `z${i % 3}`, memoryMb: 1_280 }), 0);
  }
  for (let i = 0; i < workers * 5; i++) assert.equal(fleet.place(128, nobody, 0, draw).kind, 'placed');
  let most = 0;
  for (let i = 0; i < workers; i++) most = Math.max(most, fleet.host(`w${i}`)?.environments ?? 0);
  assert.ok(most <= 7, `one worker has ${most} of 10`);
  for (let i = 0; i < workers * 5; i++) assert.equal(fleet.place(128, nobody, 0, draw).kind, 'placed');
  assert.equal(fleet.place(128, nobody, 0, draw).kind, 'full');
});

test('what is larger than any worker will never find room', () => {
  const fleet = new Fleet(10);
  fleet.add(capacity('a', { memoryMb: 1_000 }), 0);
  assert.deepEqual(fleet.place(1_001, nobody, 0, first), {
    kind: 'nowhere',
    message: 'no worker is large enough for 1001 MB',
  });
});

test('any order of calls keeps every worker within what it offers, and the counts true', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('place' as const), mb: fc.constantFrom(128, 512) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('removed' as const), pick: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), worker: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), worker: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(8) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(), (steps, seed) => {
      const fleet = new Fleet(10);
      const draw = draws(seed);
      let placed: { readonly workerId: string; readonly mb: number }[] = [];
      let nowMs = 0;
      for (const event of steps) {
        switch (event.kind) {
          case 'wait':
            nowMs += event.ms;
            break;
          case 'add':
            fleet.add(capacity(`w${event.worker}`, { zone: `z${event.worker % 2}` }), nowMs);
            break;
          case 'remove':
            fleet.remove(`w${event.worker}`);
            placed = placed.filter((p) => p.workerId !== `w${event.worker}`);
            break;
          case 'place': {
            const outcome = fleet.place(event.mb, nobody, nowMs, draw);
            if (outcome.kind === 'placed') {
              placed.push({ workerId: outcome.workerId, mb: event.mb });
              assert.ok(nowMs - (fleet.host(outcome.workerId)?.heardAtMs ?? -Infinity) <= 10);
            }
            break;
          }
          case 'removed': {
            const [gone] = placed.splice(event.pick % Math.max(1, placed.length), 1);
            if (gone !== undefined) fleet.removed(gone.workerId, gone.mb);
            break;
          }
        }
        for (let i = 0; i <= 4; i++) {
          const host = fleet.host(`w${i}`);
          const here = placed.filter((p) => p.workerId === `w${i}`);
          assert.equal(host?.environments ?? 0, here.length);
          assert.equal(
            host?.memoryMbInUse ?? 0,
            here.reduce((sum, p) => sum + p.mb, 0),
          );
          if (host !== undefined)
            assert.ok(host.memoryMbInUse <= host.capacity.memoryMb && host.environments <= 10);
        }
      }
    }),
  );
});
