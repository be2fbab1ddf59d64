/** The core of counting: each limit by itself, then every invariant under random interleavings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Admission } from './counting.ts';
import { AccountCount } from './state.ts';

const reasonOf = (admission: Admission): string =>
  admission.kind === 'granted' ? 'granted' : admission.reason;

test('unreserved functions share the account limit', () => {
  const count = new AccountCount(2, 0);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('b', undefined, 0)), 'granted');
  assert.deepEqual(count.acquire('c', undefined, 0), {
    kind: 'throttled',
    reason: 'ConcurrentInvocationLimitExceeded',
    retryAfterSeconds: 1,
  });
  count.release('a', undefined);
  assert.equal(reasonOf(count.acquire('c', undefined, 0)), 'granted');
});

test('a reservation is taken from what the others share, and used by its function only', () => {
  const count = new AccountCount(3, 0);
  count.setReservation('r', 2, 0);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'ConcurrentInvocationLimitExceeded');
  assert.equal(reasonOf(count.acquire('r', 2, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('r', 2, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('r', 2, 0)), 'ReservedFunctionConcurrentInvocationLimitExceeded');
});

test('a reservation of 0 blocks every invoke', () => {
  const count = new AccountCount(3, 0);
  assert.equal(reasonOf(count.acquire('r', 0, 0)), 'ReservedFunctionConcurrentInvocationLimitExceeded');
});

test('a function that was switched off by a reservation of 0 has its whole rate when it is switched on', () => {
  const count = new AccountCount(3, 0);
  count.setReservation('r', 1, 0);
  count.setReservation('r', 0, 0);
  assert.equal(reasonOf(count.acquire('r', 0, 0)), 'ReservedFunctionConcurrentInvocationLimitExceeded');
  assert.equal(reasonOf(count.acquire('r', 1, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('r', 1, 0)), 'ReservedFunctionConcurrentInvocationLimitExceeded');
});

test('a reservation that goes while its invokes run does not let the account exceed its limit', () => {
  const count = new AccountCount(2, 0);
  assert.equal(reasonOf(count.acquire('r', 2, 0)), 'granted');
  assert.equal(reasonOf(count.acquire('r', 2, 0)), 'granted');
  count.setReservation('r', undefined, 0);
  assert.equal(reasonOf(count.acquire('r', undefined, 0)), 'ConcurrentInvocationLimitExceeded');
  count.release('r', 2);
  assert.equal(reasonOf(count.acquire('r', undefined, 0)), 'granted');
  count.release('r', 2);
  count.release('r', undefined);
  assert.deepEqual(count.usage(), {
    unreservedInUse: 0,
    reservedInUse: 0,
    provisionedInUse: 0,
    unreservedLimit: 2,
    functionsTracked: 1,
  });
});

test('ten invokes per second for each unit of the account limit', () => {
  const count = new AccountCount(1, 0);
  for (let i = 0; i < 10; i++) {
    assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
    count.release('a', undefined);
  }
  assert.deepEqual(count.acquire('a', undefined, 0), {
    kind: 'throttled',
    reason: 'FunctionInvocationRateLimitExceeded',
    retryAfterSeconds: 1,
  });
  assert.equal(reasonOf(count.acquire('a', undefined, 100)), 'granted');
});

test('ten invokes per second for each unit of a reservation, apart from the account', () => {
  const count = new AccountCount(100, 0);
  for (let i = 0; i < 10; i++) {
    assert.equal(reasonOf(count.acquire('r', 1, 0)), 'granted');
    count.release('r', 1);
  }
  assert.equal(reasonOf(count.acquire('r', 1, 50)), 'ReservedFunctionInvocationRateLimitExceeded');
  assert.equal(reasonOf(count.acquire('other', undefined, 50)), 'granted');
  assert.equal(reasonOf(count.acquire('r', 1, 100)), 'granted');
});

test('a throttled invoke takes neither slot nor rate', () => {
  const count = new AccountCount(1, 0);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
  for (let i = 0; i < 100; i++) count.acquire('a', undefined, 0);
  count.release('a', undefined);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
});

test('a function gets 1,000 new environments at once, then 100 per second', () => {
  const count = new AccountCount(5_000, 0);
  for (let i = 0; i < 1_000; i++) assert.equal(reasonOf(count.admitEnvironment('a', 0)), 'granted');
  assert.equal(reasonOf(count.admitEnvironment('a', 0)), 'ConcurrentInvocationLimitExceeded');
  assert.equal(reasonOf(count.admitEnvironment('b', 0)), 'granted', 'another function has its own');
  let second = 0;
  while (count.admitEnvironment('a', 1_000).kind === 'granted') second += 1;
  assert.equal(second, 100);
  let later = 0;
  while (count.admitEnvironment('a', 1_000_000).kind === 'granted') later += 1;
  assert.equal(later, 1_000, 'the allowance never grows beyond its cap');
});

test('functions that have become idle are forgotten', () => {
  const count = new AccountCount(1_000, 0);
  for (let i = 0; i < 20_000; i++) {
    const nowMs = i * 10;
    count.admitEnvironment(`f${i}`, nowMs);
    const slot = count.acquire(`g${i}`, i % 2 === 0 ? 1 : undefined, nowMs);
    if (slot.kind === 'granted') count.release(`g${i}`, i % 2 === 0 ? 1 : undefined);
    if (i % 2 === 0) count.setReservation(`g${i}`, undefined, nowMs);
  }
  assert.ok(count.usage().functionsTracked < 10, `${count.usage().functionsTracked} remembered`);
});

test('giving back a slot that was not taken is a broken invariant', () => {
  const count = new AccountCount(1, 0);
  assert.throws(() => count.release('a', undefined), /not taken/);
  assert.throws(() => count.release('a', 1), /not taken/);
});

type Step =
  | { readonly kind: 'acquire'; readonly name: string; readonly version: string }
  | { readonly kind: 'provision'; readonly name: string; readonly version: string; readonly count: number }
  | { readonly kind: 'release'; readonly pick: number }
  | { readonly kind: 'reserve'; readonly name: string; readonly reservation: number | undefined }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'wait'; readonly ms: number };

const names = fc.constantFrom('a', 'b', 'c');
const versions = fc.constantFrom('1', '2');
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('acquire' as const), name: names, version: versions }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('provision' as const),
      name: names,
      version: versions,
      count: fc.nat(3),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(100) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      name: names,
      reservation: fc.option(fc.nat(4), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('environment' as const), name: names }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(500) }) },
);

test('any interleaving keeps the invariants, and everything given back leaves nothing in use', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.array(steps, { maxLength: 200, size: 'max' }),
      (limit, sequence) => {
        const count = new AccountCount(limit, 0);
        const reservations = new Map<string, number>();
        const provisioned = new Map<string, number>();
        const held: {
          readonly name: string;
          readonly reservation: number | undefined;
          readonly version: string;
          readonly isProvisioned: boolean;
        }[] = [];
        const heldOf = (name: string, version: string): number =>
          held.filter((h) => h.isProvisioned && h.name === name && h.version === version).length;
        /** What the versions of a function keep to themselves. */
        const setApart = (name: string): number =>
          ['1', '2'].reduce(
            (sum, version) =>
              sum + Math.max(provisioned.get(`${name}:${version}`) ?? 0, heldOf(name, version)),
            0,
          );
        const giveBack = ({ name, reservation, version, isProvisioned }: (typeof held)[number]): void =>
          count.release(name, reservation, isProvisioned ? version : undefined);
        let nowMs = 0;
        for (const step of sequence) {
          switch (step.kind) {
            case 'wait':
              nowMs += step.ms;
              break;
            case 'environment':
              count.admitEnvironment(step.name, nowMs);
              break;
            case 'reserve':
              if (step.reservation === undefined) reservations.delete(step.name);
              else reservations.set(step.name, step.reservation);
              count.setReservation(step.name, step.reservation, nowMs);
              break;
            case 'acquire': {
              const reservation = reservations.get(step.name);
              const heldReserved = held.filter(
                (h) => h.name === step.name && h.reservation !== undefined && !h.isProvisioned,
              ).length;
              const room = provisioned.get(`${step.name}:${step.version}`) ?? 0;
              const isOwn = heldOf(step.name, step.version) < room && reservation !== 0;
              const apart = setApart(step.name);
              const admission = count.acquire(step.name, reservation, nowMs, step.version);
              if (admission.kind !== 'granted') break;
              const { isProvisioned } = admission;
              assert.equal(isProvisioned, isOwn, 'its own slots first, and no more than those');
              held.push({ name: step.name, reservation, version: step.version, isProvisioned });
              if (reservation !== undefined && !isProvisioned) assert.ok(heldReserved + apart < reservation);
              break;
            }
            case 'provision':
              provisioned.set(`${step.name}:${step.version}`, step.count);
              count.setProvisioned(step.name, step.version, step.count, nowMs);
              break;
            case 'release': {
              const [slot] = held.splice(step.pick % Math.max(1, held.length), 1);
              if (slot !== undefined) giveBack(slot);
              break;
            }
          }
          const { unreservedInUse, reservedInUse, provisionedInUse } = count.usage();
          const shared = held.filter((h) => !h.isProvisioned);
          assert.equal(unreservedInUse, shared.filter((h) => h.reservation === undefined).length);
          assert.equal(reservedInUse, shared.filter((h) => h.reservation !== undefined).length);
          assert.equal(provisionedInUse, held.length - shared.length);
          assert.ok(held.length <= limit);
        }
        for (const slot of held) giveBack(slot);
        const usage = count.usage();
        assert.equal(usage.unreservedInUse + usage.reservedInUse + usage.provisionedInUse, 0);
        held.length = 0;
        const reserved = ['a', 'b', 'c'].reduce(
          (sum, name) => sum + Math.max(reservations.get(name) ?? 0, setApart(name)),
          0,
        );
        assert.equal(usage.unreservedLimit, Math.max(0, limit - reserved));
      },
    ),
    { numRuns: 300 },
  );
});

test('a limit that is lowered holds back new invokes until enough have ended', () => {
  const count = new AccountCount(3, 0);
  for (let i = 0; i < 3; i++) assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
  count.setLimit(2, 0);
  count.release('a', undefined);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'ConcurrentInvocationLimitExceeded');
  count.release('a', undefined);
  assert.equal(reasonOf(count.acquire('a', undefined, 0)), 'granted');
});
