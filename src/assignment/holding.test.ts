/** When an invoke is held for an environment that is about to come back, and when it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Assigned } from './assignment.ts';
import { environmentOf, leader, settle, shared, version } from './fixtures/leader.ts';
import { someRequest as request } from './fixtures/some-request.ts';
import { holdLookMs, overdueMs, sparingPauseMs, stillPauseMs, turnaroundsKnown } from './limits.ts';

const briefAtOnce = 2;

/** A version whose invokes were all over within `turnaroundMs`, in a process that has much to do. */
async function practised({ turns = turnaroundsKnown, turnaroundMs = 1 } = {}) {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const work = { load: 0 };
  const led = await leader(world, { load: () => work.load, limits: { briefAtOnce } });
  const { assignment } = led;
  /** The environment's invoke is over. */
  const end = async (id: string): Promise<void> => {
    await worker.invoke(id, request);
    await settle();
  };
  const inTurn = async (): Promise<void> => {
    const id = await environmentOf(assignment.assign(version));
    world.clock.advance(turnaroundMs);
    await end(id);
  };
  // Three are there, so that nothing that follows has to start one.
  const first = await Promise.all([1, 2, 3].map(() => environmentOf(assignment.assign(version))));
  world.clock.advance(turnaroundMs);
  for (const id of first) await end(id);
  for (let i = first.length; i < turns; i += 1) await inTurn();
  work.load = 1;

  /** An invoke, and what it has come to. */
  const ask = async (): Promise<{ assigned: Assigned | undefined }> => {
    const asked: { assigned: Assigned | undefined } = { assigned: undefined };
    void assignment.assign(version).then((assigned) => (asked.assigned = assigned));
    await settle();
    return asked;
  };
  /** As many invokes as may be at work at once. */
  const fill = async (): Promise<readonly string[]> => [
    await environmentOf(assignment.assign(version)),
    await environmentOf(assignment.assign(version)),
  ];
  const pass = async (ms: number): Promise<void> => {
    world.clock.advance(ms);
    await settle();
  };
  return { ...led, worker, work, end, ask, fill, pass };
}

const idOf = ({ assigned }: { assigned: Assigned | undefined }): string | undefined =>
  assigned?.kind === 'assigned' ? assigned.environmentId : undefined;

test('brief invokes take turns, first come, first served, in the environment that has just come back', async () => {
  const { fill, ask, end } = await practised();
  const [one = '', two = ''] = await fill();
  const third = await ask();
  const fourth = await ask();
  assert.deepEqual([third.assigned, fourth.assigned], [undefined, undefined]);
  await end(two);
  assert.deepEqual([idOf(third), fourth.assigned], [two, undefined]);
  await end(one);
  assert.equal(idOf(fourth), one);
});

test('none is held by a process that has time, of a version that is not brief or hardly known, or while few are out', async () => {
  const idle = await practised();
  await idle.fill();
  idle.work.load = 0.7;
  assert.notEqual(idOf(await idle.ask()), undefined);

  const slow = await practised({ turnaroundMs: 3 });
  await slow.fill();
  assert.notEqual(idOf(await slow.ask()), undefined);

  const young = await practised({ turns: turnaroundsKnown - 1 });
  await young.fill();
  assert.notEqual(idOf(await young.ask()), undefined);

  const { ask } = await practised();
  assert.notEqual(idOf(await ask()), undefined);
  assert.notEqual(idOf(await ask()), undefined);
  assert.equal(idOf(await ask()), undefined);
});

test('where none comes back all go on, and none is held for a while', async () => {
  const { fill, ask, pass, worker } = await practised();
  await fill();
  const held = [await ask(), await ask()];
  const before = worker.created.length;
  await pass(holdLookMs);
  await pass(holdLookMs);
  assert.ok(held.every((each) => idOf(each) !== undefined));
  assert.equal(worker.created.length, before + 1, 'one was idle, the other started');
  assert.notEqual(idOf(await ask()), undefined);
  await pass(stillPauseMs);
  await fill();
  assert.equal(idOf(await ask()), undefined, 'then it is tried again');
});

test('while some come back the others wait on', async () => {
  const { fill, ask, pass, end } = await practised();
  const [one = '', two = ''] = await fill();
  const [third, fourth, fifth] = [await ask(), await ask(), await ask()];
  await end(one);
  await pass(holdLookMs);
  await end(two);
  await pass(1);
  assert.deepEqual([idOf(third), idOf(fourth), idOf(fifth)], [one, two, undefined]);
});

test('what has been out for long makes way for the next', async () => {
  const { fill, ask, pass, end } = await practised();
  const [one = ''] = await fill();
  await pass(overdueMs - 1);
  const [third, fourth] = [await ask(), await ask()];
  assert.deepEqual([third.assigned, fourth.assigned], [undefined, undefined]);
  await end(one);
  await pass(holdLookMs);
  assert.equal(idOf(third), one);
  assert.notEqual(idOf(fourth), undefined);
  assert.equal(idOf(await ask()), undefined, 'two of those that are out may be about to come back');
});

test('where the process has time to spare all go on, and none is held for longer', async () => {
  const { fill, ask, pass, end, work } = await practised();
  const [one = ''] = await fill();
  const [third, fourth] = [await ask(), await ask()];
  await end(one);
  work.load = 0.5;
  await pass(holdLookMs);
  assert.equal(idOf(third), one);
  assert.notEqual(idOf(fourth), undefined);
  work.load = 1;
  await pass(stillPauseMs);
  const fifth = await ask();
  assert.notEqual(idOf(fifth), undefined, 'not yet');
  await pass(sparingPauseMs);
  await fill();
  assert.equal(idOf(await ask()), undefined, 'then it is tried again');
});

test('one that ends with its invoke lets the next go', async () => {
  const { fill, ask, worker } = await practised();
  const [one = ''] = await fill();
  const held = await ask();
  worker.crash(one);
  await settle();
  assert.notEqual(idOf(held), undefined);
});

test('what is held is answered when its generation is retired, and when the service stops', async () => {
  const retiring = await practised();
  await retiring.fill();
  const held = await retiring.ask();
  retiring.assignment.retire(version.generation);
  await settle();
  assert.equal(held.assigned?.kind, 'retired');

  const stopping = await practised();
  await stopping.fill();
  const left = await stopping.ask();
  stopping.stop();
  await settle();
  assert.equal(left.assigned?.kind, 'unavailable');
});
