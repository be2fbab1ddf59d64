/** A worker with real processes: what callers get when functions behave, and when they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, World } from './fixtures/world.ts';

test('an environment is created, invoked again and again, and destroyed', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  assert.deepEqual(await worker.create({ environmentId, version: world.version() }), { kind: 'created' });
  assert.deepEqual(world.events, []);
  for (const x of [1, 2, 3]) {
    assert.deepEqual(answerOf(await worker.invoke(environmentId, world.request({ x }))), { x });
  }
  assert.deepEqual(
    world.events,
    [1, 2, 3].map(() => ({ kind: 'idle', environmentId })),
  );
  assert.deepEqual(
    (await worker.list()).map(({ status, functionName }) => [status, functionName]),
    [['idle', 'hello']],
  );
  await worker.destroy(environmentId);
  assert.deepEqual(world.events.at(-1), { kind: 'gone', environmentId, reason: 'destroyed' });
  assert.deepEqual(await worker.list(), []);
  assert.deepEqual(world.directories, []);
  assert.equal(world.released, 1);
  assert.deepEqual(await worker.invoke(environmentId, world.request(1)), { kind: 'not-started' });
});
