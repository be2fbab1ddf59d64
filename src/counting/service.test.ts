/** The shell of counting: accounts apart, options checked, the clock asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#platform';
import { createCounting } from './service.ts';

let nowMs = 0;
const clock: Clock = { monotonicMs: () => nowMs, wallMs: () => nowMs, after: () => () => undefined };
const slot = (accountId: string) => ({
  accountId,
  functionName: 'f',
  reservedConcurrency: undefined,
  version: '1',
});

test('accounts do not share their limits', async () => {
  const counting = createCounting({ clock, accountConcurrencyLimit: 1 });
  assert.equal((await counting.acquire(slot('1'))).kind, 'granted');
  assert.equal((await counting.acquire(slot('1'))).kind, 'throttled');
  assert.equal((await counting.acquire(slot('2'))).kind, 'granted');
  counting.release(slot('1'), { kind: 'granted', isProvisioned: false });
  assert.equal((await counting.acquire(slot('1'))).kind, 'granted');
});

test('the default limit is 1,000', async () => {
  const counting = createCounting({ clock });
  for (let i = 0; i < 1_000; i++) assert.equal((await counting.acquire(slot('1'))).kind, 'granted');
  assert.equal((await counting.acquire(slot('1'))).kind, 'throttled');
});

test('what is provisioned for a version is its own, and given back as it was granted', async () => {
  const counting = createCounting({ clock, accountConcurrencyLimit: 2 });
  counting.setProvisioned('1', 'f', '1', 1);
  const first = await counting.acquire(slot('1'));
  assert.deepEqual(first, { kind: 'granted', isProvisioned: true });
  assert.deepEqual(await counting.acquire(slot('1')), { kind: 'granted', isProvisioned: false });
  assert.equal((await counting.acquire(slot('1'))).kind, 'throttled');
  counting.release(slot('1'), { kind: 'granted', isProvisioned: true });
  assert.equal((await counting.acquire({ ...slot('1'), version: '2' })).kind, 'throttled');
  assert.deepEqual(await counting.acquire(slot('1')), first);
});

test('environments are admitted again as time passes', async () => {
  const counting = createCounting({ clock });
  for (let i = 0; i < 1_000; i++) await counting.admitEnvironment('1', 'f');
  assert.equal((await counting.admitEnvironment('1', 'f')).kind, 'throttled');
  nowMs += 10;
  assert.equal((await counting.admitEnvironment('1', 'f')).kind, 'granted');
});

test('a limit that is no count is refused at once', () => {
  assert.throws(() => createCounting({ clock, accountConcurrencyLimit: -1 }), RangeError);
  assert.throws(() => createCounting({ clock, accountConcurrencyLimit: Number.NaN }), RangeError);
});
