/** How much a process has to do, told by its event loop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loopLoad } from './loop-load.ts';

test('a process that works without pause is at work all the time, one that waits is not', async () => {
  const load = loopLoad();
  await sleep(100);
  assert.ok(load() < 1, `${load()} after waiting`);
  await sleep(0);
  for (const end = performance.now() + 100; performance.now() < end;);
  assert.ok(load() > 0.9, `${load()} after work`);
});
