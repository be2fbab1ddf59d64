/** GetMetricStatistics, ListMetrics and PutMetricData. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError, type Input } from '#wire';
import { arnOf, dimensionsIn, World } from '../fixtures/world.ts';

const beganMs = 1_767_225_600_000;
const at = (minute: number): Date => new Date(beganMs + minute * 60_000);
const refused = (call: Promise<unknown>, name: string, message = /./): Promise<void> =>
  assert.rejects(
    call,
    (error) => error instanceof WireError && error.errorName === name && message.test(error.message),
  );

const ofF = {
  Namespace: 'AWS/Lambda',
  MetricName: 'Duration',
  Dimensions: dimensionsIn({ FunctionName: 'f' }),
  StartTime: at(-5),
  EndTime: at(5),
  Period: 300,
};

test('statistics of one metric come together', async () => {
  const world = await World.open();
  for (const durationMs of [1, 2, 3]) world.invoke(arnOf('f'), '$LATEST', { durationMs });
  const output = await world.call('GetMetricStatistics', {
    ...ofF,
    Statistics: ['Sum', 'Maximum', 'SampleCount'],
    ExtendedStatistics: ['p0', 'p100'],
  });
  assert.deepEqual(output, {
    Label: 'Duration',
    Datapoints: [
      {
        Timestamp: at(0),
        Sum: 6,
        Maximum: 3,
        SampleCount: 3,
        Unit: 'Milliseconds',
        ExtendedStatistics: { p0: 1, p100: 3 },
      },
    ],
  });
});

test('statistics that cannot be given are refused', async () => {
  const world = await World.open();
  const call = (input: Input): Promise<unknown> => world.call('GetMetricStatistics', { ...ofF, ...input });
  await refused(call({}), 'InvalidParameterCombinationException');
  await refused(call({ ExtendedStatistics: ['tm50'] }), 'InvalidParameterValueException');
  await refused(call({ ExtendedStatistics: ['Sum'] }), 'InvalidParameterValueException');
  await refused(call({ Statistics: ['Sum'], Period: 61 }), 'InvalidParameterValueException');
  await refused(call({ Statistics: ['Sum'], EndTime: at(-5) }), 'InvalidParameterValueException');
  await refused(
    call({ Statistics: ['Sum'], Period: 60, StartTime: at(-1441) }),
    'InvalidParameterCombinationException',
    /exceeds the limit of 1440/,
  );
});

test('metrics are listed by what they are, in pages', async () => {
  const world = await World.open();
  for (let each = 0; each < 60; each += 1) world.invoke(arnOf(`f${each}`), '$LATEST');
  const keys = new Set<string>();
  let pages = 0;
  let NextToken: unknown;
  do {
    const page = await world.call('ListMetrics', NextToken === undefined ? {} : { NextToken });
    const metrics = page['Metrics'] as readonly object[];
    assert.ok(metrics.length <= 500);
    for (const metric of metrics) keys.add(JSON.stringify(metric));
    pages += 1;
    NextToken = page['NextToken'];
  } while (NextToken !== undefined);
  // For each function: 5 of its own, 4 of its resource, and 6 of the account.
  assert.deepEqual([keys.size, pages], [60 * 9 + 6, 2]);
  const listed = async (input: Input): Promise<number> =>
    ((await world.call('ListMetrics', input))['Metrics'] as readonly object[]).length;
  assert.equal(await listed({ Dimensions: [{ Name: 'FunctionName', Value: 'f1' }] }), 9);
  assert.equal(await listed({ Dimensions: [{ Name: 'Resource' }], MetricName: 'Errors' }), 60);
  assert.equal(await listed({ Namespace: 'none' }), 0);
  await world.pass(200);
  assert.equal(await listed({ RecentlyActive: 'PT3H' }), 0);
  await refused(world.call('ListMetrics', { NextToken: 'x' }), 'InvalidParameterValueException');
});

test('names of every length are listed in pages, too', async () => {
  const world = await World.open();
  const MetricData = Array.from({ length: 600 }, (_, index) => ({
    MetricName: `${index}`.padEnd(255, '\u0001'),
    Dimensions: [{ Name: '"'.repeat(255), Value: '\u0002'.repeat(1024) }],
    Value: 1,
  }));
  await world.call('PutMetricData', { Namespace: 'Long', MetricData });
  const { Metrics, NextToken } = await world.call('ListMetrics', {});
  assert.ok(String(NextToken).length < 1_000);
  const next = await world.call('ListMetrics', { NextToken });
  assert.deepEqual([(Metrics as object[]).length, (next['Metrics'] as object[]).length], [500, 100]);
  await world.pass(1);
  assert.deepEqual(world.troubles, []);
});

const put = (world: World, datum: Input, Namespace = 'Mine'): Promise<unknown> =>
  world.call('PutMetricData', { Namespace, MetricData: [{ MetricName: 'm', ...datum }] });

test('what users publish is added up by minute, dimensions and unit', async () => {
  const world = await World.open();
  await put(world, { Value: 2, Unit: 'Bytes' });
  await put(world, { Values: [1, 5], Counts: [3, 2], Unit: 'Bytes', Timestamp: at(-3) });
  await put(world, {
    StatisticValues: { SampleCount: 2, Sum: 8, Minimum: 3, Maximum: 5 },
    Unit: 'Bytes',
    Timestamp: at(-3),
  });
  await put(world, { Value: 100, Dimensions: dimensionsIn({ b: '1', a: '2' }) });
  const data = (Stat: string, dimensions = {}): Promise<unknown> =>
    world.data('m', dimensions, { Namespace: 'Mine', Stat });
  assert.deepEqual(await data('Sum'), [
    [-3, 21],
    [0, 2],
  ]);
  assert.deepEqual(await data('SampleCount'), [
    [-3, 7],
    [0, 1],
  ]);
  assert.deepEqual(await data('Sum', { a: '2', b: '1' }), [[0, 100]]);
  assert.deepEqual(await data('p90', { a: '2', b: '1' }), [[0, 100]]);
  assert.deepEqual(await data('p50'), [[0, 2]], 'of a set of statistics nobody knows the percentiles');
});

test('what is published is checked before any of it is recorded', async () => {
  const world = await World.open();
  const value = 'InvalidParameterValueException';
  await refused(put(world, { Value: 1 }, 'AWS/Lambda'), value);
  await refused(put(world, {}), 'MissingRequiredParameterException');
  await refused(put(world, { Value: 1, Values: [1] }), 'InvalidParameterCombinationException');
  await refused(put(world, { Values: [] }), value);
  await refused(put(world, { Values: [1, 2], Counts: [1] }), value);
  await refused(put(world, { Values: [1], Counts: [0] }), value);
  await refused(put(world, { Values: Array.from({ length: 151 }, () => 1) }), value);
  await refused(put(world, { Value: 2 ** 361 }), value);
  await refused(put(world, { Value: 1, Timestamp: at(-15 * 24 * 60) }), value, /two weeks/);
  await refused(put(world, { Value: 1, Timestamp: at(121) }), value, /two hours/);
  await refused(put(world, { StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 2, Maximum: 1 } }), value);
  await refused(
    put(world, { Value: 1, Dimensions: [...dimensionsIn({ a: '1' }), ...dimensionsIn({ a: '2' })] }),
    value,
  );
  await refused(
    world.call('PutMetricData', {
      Namespace: 'Mine',
      MetricData: Array.from({ length: 1001 }, () => ({ MetricName: 'm', Value: 1 })),
    }),
    value,
  );
  await refused(
    world.call('PutMetricData', {
      Namespace: 'Mine',
      MetricData: [
        { MetricName: 'm', Value: 1 },
        { MetricName: 'm', Value: 2 ** 400 },
      ],
    }),
    value,
  );
  await refused(world.call('PutMetricData', { Namespace: 'Mine' }), 'MissingRequiredParameterException');
  assert.deepEqual((await world.call('ListMetrics', {}))['Metrics'], []);
});
