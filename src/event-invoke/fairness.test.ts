/** The queue manager at work in the whole service: a nuisance is moved out, others go on, a restart finds everything, and peace returns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId } from '#frontend/fixtures';
import { fails, openWorld, standing, succeeds, type World } from './fixtures/world.ts';

const fewSlots = { shardsMin: 32, shardsMax: 64, shardsPerFunction: 3, slotsMax: 16 };
const noisyKey = `${accountId}/noisy`;

function populate(world: World): void {
  for (let index = 0; index < 30; index += 1) world.functions.put(`quiet-${index}`);
  world.functions.put('noisy');
}

/** Every attempt takes three seconds. */
function makeNoise(world: World): void {
  world.behave('noisy', async () => {
    await new Promise<void>((resolve) => void world.clock.after(3_000, resolve));
    return fails();
  });
}

test('a function that always fails slowly gets a shard of its own; its neighbours hardly notice', async () => {
  const world = await openWorld({ limits: fewSlots });
  populate(world);
  makeNoise(world);
  const lateMs: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    for (let index = 0; index < 20; index += 1) await world.send('noisy');
    const name = `quiet-${second % 30}`;
    world.behave(name, () => {
      lateMs.push(world.clock.monotonicMs() - second * 1_000);
      return succeeds();
    });
    await world.send(name);
    await world.pass(1_000);
  }
  const { layout } = world.events.census();
  assert.deepEqual(layout.dedicated, [noisyKey]);
  assert.equal(lateMs.length, 60);
  assert.ok(Math.max(...lateMs) <= 1_000, `${Math.max(...lateMs)} ms`);
  await world.events.close(0);
});

test('after a crash the layout is found again, with all that stands in it; and when there is peace, so is the function', async () => {
  const first = await openWorld({ limits: fewSlots });
  populate(first);
  makeNoise(first);
  for (let index = 0; index < 100; index += 1) await first.send('noisy');
  for (let second = 0; second < 30; second += 1) {
    await first.send('noisy');
    await first.send(`quiet-${second}`);
    await first.pass(1_000);
  }
  assert.deepEqual(first.events.census().layout.dedicated, [noisyKey]);
  const stood = await standing(first);
  assert.ok(stood > 50, `${stood}`);
  first.crash();
  const second = await openWorld({ after: first, limits: fewSlots });
  assert.deepEqual(second.events.census().layout.dedicated, [noisyKey]);
  assert.equal(await standing(second), stood);
  await second.pass(20 * 60_000);
  const { layout, shards } = second.events.census();
  assert.equal(await standing(second), 0);
  assert.deepEqual([layout.dedicated, layout.draining], [[], []]);
  assert.equal(
    [...shards.values()].reduce((sum, depth) => sum + depth),
    0,
    'what is counted is what is there',
  );
  await second.events.close(0);
});
