/** What happens where no worker has room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VersionRecord } from '#metadata';
import { someVersion } from '#metadata/fixtures';
import { environmentOf, leader, settle, shared } from './fixtures/leader.ts';
import { someRequest as request } from './fixtures/some-request.ts';

const named = (functionName: string): VersionRecord =>
  someVersion({ functionName, generation: functionName });

test('where all workers are full an invoke is throttled, and the environment idle for longest makes room', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const { assignment } = await leader(world, { environmentsMax: 2 });
  const run = async (functionName: string): Promise<string> => {
    const id = await environmentOf(assignment.assign(named(functionName)));
    await worker.invoke(id, request);
    world.clock.advance(10);
    return id;
  };
  const first = await run('first');
  await run('second');
  assert.deepEqual(await assignment.assign(named('third')), {
    kind: 'throttled',
    reason: 'ConcurrentInvocationLimitExceeded',
    retryAfterSeconds: 1,
  });
  await settle();
  assert.deepEqual(worker.destroyed, [first]);
  assert.equal((await assignment.assign(named('third'))).kind, 'assigned');
});
