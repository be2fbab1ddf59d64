/** What is recorded when, and for which dimensions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arnOf, World } from './fixtures/world.ts';
import { Recorder } from './recorder.ts';
import type { Emit } from './series.ts';

test('an invoke counts for its function, for what was named, for the version behind an alias, and for all', async () => {
  const world = await World.open();
  world.invoke(arnOf('f'));
  world.invoke(arnOf('f:live'), '3', { fails: true });
  world.invoke(arnOf('f:3'), '3');
  world.invoke(arnOf('g'));
  const sum = async (dimensions: Record<string, string>, metric = 'Invocations') =>
    (await world.data(metric, dimensions)).map(([, value]) => value);
  assert.deepEqual(await sum({ FunctionName: 'f' }), [3]);
  assert.deepEqual(await sum({ FunctionName: 'f', Resource: 'f' }), [1]);
  assert.deepEqual(await sum({ FunctionName: 'f', Resource: 'f:live' }), [1]);
  assert.deepEqual(await sum({ FunctionName: 'f', Resource: 'f:live', ExecutedVersion: '3' }), [1]);
  assert.deepEqual(await sum({ FunctionName: 'f', Resource: 'f:3' }), [1]);
  assert.deepEqual(await sum({ FunctionName: 'f', Resource: 'f:3', ExecutedVersion: '3' }), []);
  assert.deepEqual(await sum({}), [4]);
  assert.deepEqual(await sum({ FunctionName: 'f' }, 'Errors'), [1]);
  assert.deepEqual(await sum({ FunctionName: 'g' }, 'Errors'), [0]);
});

test('the average of Errors is the error rate; throttles are no invocations', async () => {
  const world = await World.open();
  for (let each = 0; each < 4; each += 1) world.invoke(arnOf('f'), '$LATEST', { fails: each === 0 });
  world.metrics.recorder.invokes(arnOf('f'), '$LATEST').throttled();
  const of = async (metric: string, Stat: string) =>
    (await world.data(metric, { FunctionName: 'f' }, { Stat }))[0]?.[1];
  assert.equal(await of('Errors', 'Average'), 0.25);
  assert.equal(await of('Invocations', 'Sum'), 4);
  assert.equal(await of('Throttles', 'Sum'), 1);
  assert.equal(await of('Throttles', 'SampleCount'), 5);
});

test('what happens belongs to the minute in which it happens', async () => {
  const world = await World.open();
  world.invoke(arnOf('f'));
  world.clock.advance(59_999);
  world.invoke(arnOf('f'));
  await world.pass(1);
  world.invoke(arnOf('f'));
  assert.deepEqual(await world.data('Invocations', { FunctionName: 'f' }), [
    [0, 2],
    [1, 1],
  ]);
  await world.pass(3);
  world.invoke(arnOf('f'));
  assert.deepEqual(await world.data('Invocations', { FunctionName: 'f' }), [
    [0, 2],
    [1, 1],
    [4, 1],
  ]);
});

test('concurrency is seen when an invoke begins, and once a minute while it runs', async () => {
  const world = await World.open();
  const { recorder } = world.metrics;
  const [a, b] = [recorder.invokes(arnOf('f'), '1'), recorder.invokes(arnOf('g'), '1')];
  a.began(false);
  a.began(false);
  b.began(true);
  await world.pass(2);
  a.ended(false);
  a.ended(false);
  b.ended(true);
  await world.pass(2);
  const most = async (metric: string, dimensions: Record<string, string>) =>
    world.data(metric, dimensions, { Stat: 'Maximum' });
  assert.deepEqual(await most('ConcurrentExecutions', { FunctionName: 'f' }), [
    [0, 2],
    [1, 2],
  ]);
  assert.deepEqual(await most('ConcurrentExecutions', {}), [
    [0, 3],
    [1, 3],
  ]);
  assert.deepEqual(await most('UnreservedConcurrentExecutions', {}), [
    [0, 2],
    [1, 2],
  ]);
  assert.deepEqual(
    [...recorder.running()],
    [
      ['f', 0],
      ['g', 0],
    ],
  );
});

test('what is quiet is forgotten, what runs is not, and what comes again is recorded', async () => {
  const world = await World.open();
  const { recorder } = world.metrics;
  world.invoke(arnOf('quiet'));
  recorder.invokes(arnOf('long'), '1').began(false);
  await world.pass(20);
  assert.deepEqual([...recorder.running()], [['long', 1]]);
  world.invoke(arnOf('quiet'));
  assert.deepEqual(
    (await world.data('Invocations', { FunctionName: 'quiet' })).map(([minute]) => minute),
    [0, 20],
  );
});

test('a version that was forgotten beside others is recorded when it runs again', async () => {
  const world = await World.open();
  world.invoke(arnOf('f:live'), '1');
  for (let minute = 0; minute < 20; minute += 1) {
    world.invoke(arnOf('f:live'), '2');
    await world.pass(1);
  }
  world.invoke(arnOf('f:live'), '1');
  const dimensions = { FunctionName: 'f', Resource: 'f:live', ExecutedVersion: '1' };
  assert.equal((await world.data('Invocations', dimensions)).length, 2);
});

test('more series than may be count for the account alone', async () => {
  const recorder = new Recorder();
  for (let each = 0; each < 10_050; each += 1) recorder.invokes(arnOf(`f${each}`), '1').done(false);
  let ofAccount = 0;
  let ofFunctions = 0;
  const emit: Emit = ({ dimensions }, metric, _unit, { sum }) => {
    if (metric !== 'Invocations') return;
    if (dimensions.length === 0) ofAccount += sum;
    if (dimensions.length === 1) ofFunctions += sum;
  };
  await recorder.fold(emit, () => Promise.resolve());
  assert.deepEqual([ofAccount, ofFunctions], [10_050, 10_000]);
});

test('a wall clock that jumps counts nothing twice', async () => {
  const world = await World.open();
  world.invoke(arnOf('f'));
  world.clock.setWall(1_767_225_600_000 + 3_600_000);
  world.invoke(arnOf('f'));
  await world.metrics.settle();
  world.invoke(arnOf('f'));
  const data = await world.data('Invocations', { FunctionName: 'f' });
  assert.deepEqual(data, [
    [0, 2],
    [60, 1],
  ]);
});
