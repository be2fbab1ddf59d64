/** A function that is debugged has one environment, whatever it is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounting } from '#counting';
import { someVersion } from '#metadata/fixtures';
import { FakeClock } from '#platform';
import { noneAhead, oneAtATime } from './one-at-a-time.ts';

const slot = (functionName: string) => ({
  accountId: '1',
  functionName,
  reservedConcurrency: undefined,
  version: '1',
});

test('it runs once at a time, also where more is provisioned; others as ever', async () => {
  const counting = oneAtATime(createCounting({ clock: new FakeClock() }), 'debugged');
  for (const name of ['debugged', 'other']) counting.setProvisioned('1', name, '1', 5);
  const first = await counting.acquire(slot('debugged'));
  assert.deepEqual(first, { kind: 'granted', isProvisioned: false });
  assert.equal((await counting.acquire(slot('debugged'))).kind, 'throttled');
  assert.ok(first.kind === 'granted');
  counting.release(slot('debugged'), first);
  assert.equal((await counting.acquire(slot('debugged'))).kind, 'granted');
  assert.deepEqual(await counting.acquire(slot('other')), { kind: 'granted', isProvisioned: true });
});

test('nothing of it is kept ready', () => {
  const wanted: (readonly [string, number])[] = [];
  const { want } = noneAhead(
    { want: (version, count) => wanted.push([version.functionName, count]) },
    'debugged',
  );
  for (const functionName of ['debugged', 'other']) want(someVersion({ functionName }), 5);
  assert.deepEqual(wanted, [
    ['debugged', 0],
    ['other', 5],
  ]);
});
