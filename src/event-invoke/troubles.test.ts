/** What is refused, and what happens when something around events does not work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailableError } from '#platform';
import { WireError } from '#wire';
import { fails, openWorld, secondsOf, settled, standing, succeeds } from './fixtures/world.ts';

const minute = 60_000;
const refused = (name: string) => (error: unknown) => error instanceof WireError && error.errorName === name;

test('a wall clock that jumps makes no event old, and hides none', async () => {
  const world = await openWorld();
  world.functions.put('bad');
  world.behave('bad', () => fails());
  const requestId = await world.send('bad');
  await world.pass(1_000);
  world.clock.setWall(world.clock.wallMs() + 24 * 60 * minute);
  await world.pass(2 * minute);
  world.clock.setWall(world.clock.wallMs() - 48 * 60 * minute);
  await world.pass(10 * minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 60, 180]);
  await world.events.close(0);
});

test('what AWS refuses is refused before anything is stored', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  world.functions.put('broken', { state: 'Failed' });
  await assert.rejects(world.send('nobody'), refused('ResourceNotFoundException'));
  await assert.rejects(world.send('hello', { qualifier: '7' }), refused('ResourceNotFoundException'));
  await assert.rejects(
    world.send('hello', { payload: Buffer.from('{') }),
    refused('InvalidRequestContentException'),
  );
  await assert.rejects(
    world.send('hello', { clientContext: '!' }),
    refused('InvalidRequestContentException'),
  );
  await assert.rejects(
    world.send('hello', { payload: Buffer.alloc(1024 * 1024 + 1, 0x20) }),
    refused('RequestEntityTooLargeException'),
  );
  await assert.rejects(world.send('broken'), refused('ResourceConflictException'));
  assert.equal(await standing(world), 0);
  await world.events.close(0);
});

test('more events are in work at once while more wait, and functions that wait themselves are no hindrance', async () => {
  const world = await openWorld();
  world.functions.put('slow');
  world.behave('slow', async () => {
    await new Promise<void>((resolve) => void world.clock.after(1_000, resolve));
    return succeeds();
  });
  for (let index = 0; index < 300; index += 1) await world.send('slow');
  await world.pass(15_000);
  assert.equal(world.invoked.length, 300);
  await world.events.close(0);
});

test('an event that a later release has written is left alone, and others go on', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  const later = Buffer.from('{"v":2,"payloadBytes":0}');
  const body = Buffer.concat([Buffer.from([0, 0, 0, later.length]), later]);
  for (let shard = 0; shard < 4; shard += 1)
    await world.queue.send(`event-invoke/shared/${shard}`, [{ body }]);
  await world.send('hello');
  await world.pass(minute);
  assert.equal(world.invoked.length, 1);
  assert.match(world.troubles.join(), /could not be worked on.*later release/);
  await world.events.close(0);
});

test('while the store does not answer nothing is acknowledged, and afterwards all goes on', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  const send = world.queue.send.bind(world.queue);
  world.queue.send = () => Promise.reject(new StoreUnavailableError('full'));
  await assert.rejects(world.send('hello'), refused('ServiceException'));
  world.queue.send = () => Promise.reject(new StoreUnavailableError('overloaded'));
  await assert.rejects(world.send('hello'), refused('TooManyRequestsException'));
  world.queue.send = send;
  await world.send('hello');
  await world.pass(1_000);
  assert.equal(world.invoked.length, 1);
  await world.events.close(0);
});

test('closing lets what runs end, and leaves the rest for the next start', async () => {
  const world = await openWorld();
  world.functions.put('slow');
  const held = Promise.withResolvers<void>();
  world.behave('slow', async () => {
    await held.promise;
    return succeeds();
  });
  await world.send('slow');
  await settled();
  const closing = world.events.close(5_000);
  held.resolve();
  await closing;
  assert.equal(await standing(world), 0);
  await world.send('slow');
  await world.pass(minute);
  assert.deepEqual([world.invoked.length, await standing(world)], [1, 1]);
});
