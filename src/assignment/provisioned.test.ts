/** What is kept ready, over workers without sandboxes: who gets it, what it is counted as, and what outlives a leader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { someVersion } from '#metadata/fixtures';
import { environmentOf, leader, settle, shared, version } from './fixtures/leader.ts';
import { someRequest as request } from './fixtures/some-request.ts';

const two = { requested: 2, available: 2, busy: 0, kind: 'ready', invocations: 0, spillovers: 0 };

/** One worker, and the assignment that leads. */
async function oneWorker() {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  return { world, worker, ...(await leader(world)) };
}

test('as many as wanted are started ahead, handed out first, never too old, and counted', async () => {
  const { world, worker, assignment } = await oneWorker();
  assignment.want(version, 2);
  assert.equal((await assignment.provisioned(version))?.kind, 'in-progress');
  await settle();
  assert.deepEqual(await assignment.provisioned(version), two);
  assert.ok(worker.created.every(({ initialization }) => initialization === 'provisioned-concurrency'));
  const ids = await Promise.all([1, 2, 3].map(() => environmentOf(assignment.assign(version))));
  assert.deepEqual(
    worker.created.map(({ initialization }) => initialization),
    ['provisioned-concurrency', 'provisioned-concurrency', 'on-demand'],
  );
  const busy = { ...two, busy: 2, invocations: 2, spillovers: 1 };
  assert.deepEqual(await assignment.provisioned(version), busy);
  assert.deepEqual(await assignment.provisionedUse(), [{ version, status: busy }]);
  for (const id of ids) await worker.invoke(id, request);
  world.clock.advance(60 * 60_000);
  await settle();
  assert.equal(worker.size, 2, 'what ran on demand is gone, what is kept ready is there');
  assignment.want(version, 1);
  await settle();
  assert.equal(worker.size, 1);
  assignment.want(version, 0);
  await settle();
  assert.equal(worker.size, 0);
  assert.equal(await assignment.provisioned(version), undefined);
});

test('one that dies is replaced at once; those that die young ever more slowly', async () => {
  const { world, worker, assignment } = await oneWorker();
  assignment.want(version, 1);
  await settle();
  let replacements = 0;
  for (let second = 0; second < 60; second++) {
    const [status] = await worker.list();
    if (status !== undefined) {
      worker.crash(status.environmentId);
      replacements += 1;
    }
    await settle();
    world.clock.advance(1_000);
    await settle();
  }
  assert.ok(replacements > 3 && replacements < 10, `${replacements} replacements in a minute`);
  world.clock.advance(10 * 60_000);
  await settle();
  assert.equal(worker.size, 1);
});

test('one that has served and dies is replaced at once, however often that happens', async () => {
  const { worker, assignment } = await oneWorker();
  assignment.want(version, 1);
  await settle();
  for (let times = 0; times < 20; times++) {
    const id = await environmentOf(assignment.assign(version));
    await worker.invoke(id, request);
    worker.crash(id);
    await settle();
    const status = await assignment.provisioned(version);
    assert.deepEqual([status?.kind, status?.available], ['ready', 1]);
  }
});

test('an init that fails is a failure at once, is tried again, and then it is ready', async () => {
  const { world, worker, assignment } = await oneWorker();
  worker.onCreate = () => ({ kind: 'init-failed' });
  assignment.want(version, 3);
  await settle();
  const status = await assignment.provisioned(version);
  assert.equal(status?.kind === 'failed' && status.reason, 'FUNCTION_ERROR_INIT_FAILURE');
  assert.equal(worker.size, 0);
  const tried = worker.created.length;
  worker.onCreate = () => ({ kind: 'created' });
  world.clock.advance(30_000);
  await settle();
  assert.ok(worker.created.length > tried);
  assert.equal((await assignment.provisioned(version))?.kind, 'ready');
});

test('a new leader keeps what the old one kept ready, once it hears that it is wanted', async () => {
  const { world, worker, ...first } = await oneWorker();
  first.assignment.want(version, 2);
  await settle();
  first.stop();
  const { assignment } = await leader(world);
  await settle();
  assert.equal(await assignment.provisioned(version), undefined);
  assignment.want(version, 2);
  await settle();
  assert.equal(worker.created.length, 2, 'nothing is started anew');
  assert.deepEqual(await assignment.provisioned(version), two);
  world.clock.advance(60 * 60_000);
  await settle();
  assert.equal(worker.size, 2);
});

test('what an earlier leader kept and nobody wants any more ends like any other', async () => {
  const { world, worker, ...first } = await oneWorker();
  first.assignment.want(version, 2);
  await settle();
  first.stop();
  await leader(world);
  world.clock.advance(60 * 60_000);
  await settle();
  assert.equal(worker.size, 0);
});

test('a worker that is lost takes what is kept ready with it, and another one has it', async () => {
  const world = shared('a', 'b');
  const { assignment } = await leader(world);
  assignment.want(version, 4);
  await settle();
  assignment.workerLost('a');
  await settle();
  assert.equal((await assignment.provisioned(version))?.available, 4);
});

test('of a generation that is retired nothing is kept, whoever asks', async () => {
  const { worker, assignment } = await oneWorker();
  assignment.want(version, 2);
  await settle();
  assignment.retire(version.generation);
  await settle();
  assert.equal(worker.size, 0);
  assignment.want(version, 2);
  assignment.want(someVersion({ generation: 'next' }), 1);
  await settle();
  assert.equal(worker.size, 1);
});
