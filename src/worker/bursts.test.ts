/** Environments ahead of need and in bursts: who is served when, and that a start that fails leaves nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, World } from './fixtures/world.ts';

const initialization = 'provisioned-concurrency';

test('a function that asks for many at once does not delay one that asks for one', async () => {
  await using world = new World();
  const worker = await world.open({ limits: { startsMax: 2 } });
  const order: string[] = [];
  const create = async (functionName: string): Promise<void> => {
    const version = { ...world.version(), functionName };
    assert.deepEqual(await worker.create({ environmentId: world.id(), version }), { kind: 'created' });
    order.push(functionName);
  };
  const greedy = Array.from({ length: 24 }, () => create('greedy'));
  await Promise.all([...greedy, create('modest')]);
  assert.equal(order.length, 25);
  // Two were being started already, and as many more may overtake it in the race of processes.
  assert.ok(order.indexOf('modest') < 8, order.join(' '));
});

test('what is initialised ahead knows it, and no invoke is charged for its init', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  const created = await worker.create({ environmentId, version: world.version(), initialization });
  assert.deepEqual(created, { kind: 'created' });
  assert.match(world.log, /INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\t\n$/);
  const outcome = await worker.invoke(environmentId, world.request({ do: 'environment' }));
  const { env } = answerOf(outcome) as { readonly env: Readonly<Record<string, string>> };
  assert.equal(env['AWS_LAMBDA_INITIALIZATION_TYPE'], initialization);
  await world.until(() => world.log.includes('REPORT RequestId'));
  assert.doesNotMatch(world.log, /^REPORT .*Init Duration/m);
});

test('an init ahead that fails leaves no process, no directory and no slot, however often', async () => {
  await using world = new World();
  const environmentsMax = 5;
  const worker = await world.open({ limits: { environmentsMax } });
  const fewerThan = async (count: number): Promise<void> => {
    while ((await worker.list()).length >= count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  for (let round = 0; round < 10; round++) {
    // A slot is free once its processes are gone, which may be after the answer.
    await fewerThan(environmentsMax);
    const version = world.version({ handler: round % 2 === 0 ? 'init-error' : 'init-exit:1' });
    const outcome = await worker.create({ environmentId: world.id(), version, initialization });
    assert.deepEqual(outcome, { kind: 'init-failed' });
  }
  const reports = (): number => [...world.log.matchAll(/INIT_REPORT .*Phase: init\tStatus: error/g)].length;
  // What is taken away last, and what is written last, follows the answer.
  await world.until(() => world.directories.length === 0 && world.released >= 10 && reports() >= 10);
  await fewerThan(1);
  assert.equal(world.released, 10);
  assert.equal(reports(), 10);
});

test('an init ahead has more time than one that an invoke waits for', async () => {
  await using world = new World();
  const worker = await world.open();
  const version = world.version({ handler: 'init-hang', timeoutSeconds: 3 });
  const creating = worker.create({ environmentId: world.id(), version, initialization });
  let isOver = false;
  void creating.then(() => (isOver = true));
  await world.until(() => world.log.includes('init began'));
  world.clock.leap(129_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false);
  world.clock.leap(1_000);
  assert.deepEqual(await creating, { kind: 'init-failed' });
  assert.match(world.log, /INIT_REPORT .*Status: timeout/);
});
