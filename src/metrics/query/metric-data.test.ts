/** GetMetricData: periods, statistics, pages, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireError, type Input } from '#wire';
import { arnOf, dimensionsIn, World } from '../fixtures/world.ts';
import { sourceOf } from '../source.ts';
import { Summary } from '../summary.ts';

const beganMs = 1_767_225_600_000;
const at = (minute: number): Date => new Date(beganMs + minute * 60_000);
const ofF = {
  Metric: {
    Namespace: 'AWS/Lambda',
    MetricName: 'Invocations',
    Dimensions: dimensionsIn({ FunctionName: 'f' }),
  },
  Period: 60,
  Stat: 'Sum',
};
const asked = (stat: object = {}, more: object = {}): Input => ({
  StartTime: at(-10),
  EndTime: at(60),
  MetricDataQueries: [{ Id: 'a', MetricStat: { ...ofF, ...stat } }],
  ...more,
});

interface Result {
  readonly Id: string;
  readonly Label: string;
  readonly Timestamps: readonly Date[];
  readonly Values: readonly number[];
  readonly StatusCode: string;
}

async function results(world: World, input: Input): Promise<readonly Result[]> {
  return (await world.call('GetMetricData', input))['MetricDataResults'] as readonly Result[];
}

async function worldOf(minutes: readonly number[]): Promise<World> {
  const world = await World.open();
  for (const minute of minutes) {
    const summary = new Summary();
    summary.add(1);
    world.metrics.store.add(
      sourceOf('AWS/Lambda', { FunctionName: 'f' }),
      { metric: 'Invocations', unit: 'Count' },
      beganMs / 60_000 + minute,
      summary,
    );
  }
  return world;
}

test('any period, order and size of page gives every minute once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: -3000, max: 0 }), { maxLength: 50 }),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: -3000, max: -1000 }),
      fc.boolean(),
      async (minutes, periodMinutes, MaxDatapoints, from, isDescending) => {
        const world = await worldOf(minutes);
        const input = asked(
          { Period: periodMinutes * 60 },
          {
            StartTime: at(from),
            EndTime: at(1),
            MaxDatapoints,
            ScanBy: isDescending ? 'TimestampDescending' : 'TimestampAscending',
          },
        );
        const points: [number, number][] = [];
        let NextToken: unknown;
        do {
          const output = await world.call('GetMetricData', {
            ...input,
            ...(NextToken !== undefined && { NextToken }),
          });
          const [result] = output['MetricDataResults'] as readonly Result[];
          assert.ok((result?.Values.length ?? 0) <= MaxDatapoints);
          assert.equal(result?.StatusCode, output['NextToken'] === undefined ? 'Complete' : 'PartialData');
          result?.Timestamps.forEach((time, index) =>
            points.push([(time.getTime() - beganMs) / 60_000, result.Values[index] ?? 0]),
          );
          NextToken = output['NextToken'];
        } while (NextToken !== undefined);
        const expected = new Map<number, number>();
        for (const minute of minutes) {
          if (minute < from) continue;
          const start = from + Math.floor((minute - from) / periodMinutes) * periodMinutes;
          expected.set(start, (expected.get(start) ?? 0) + 1);
        }
        const sorted = [...expected].sort(([a], [b]) => (isDescending ? b - a : a - b));
        assert.deepEqual(points, sorted);
      },
    ),
    { numRuns: 40 },
  );
});

test('many metrics come in as many answers as they need', async () => {
  const world = await worldOf([1, 2, 3]);
  const queries = ['a', 'b', 'c', 'none'].map((Id) => ({
    Id,
    MetricStat: Id === 'none' ? { ...ofF, Metric: { Namespace: 'x', MetricName: 'y' } } : ofF,
  }));
  const found = new Map<string, number>();
  const pages: number[] = [];
  let NextToken: unknown;
  do {
    const output = await world.call('GetMetricData', {
      ...asked(),
      MetricDataQueries: queries,
      MaxDatapoints: 2,
      ...(NextToken !== undefined && { NextToken }),
    });
    const page = output['MetricDataResults'] as readonly Result[];
    pages.push(page.length);
    for (const { Id, Values } of page) found.set(Id, (found.get(Id) ?? 0) + Values.length);
    NextToken = output['NextToken'];
  } while (NextToken !== undefined);
  assert.deepEqual(
    [...found],
    [
      ['a', 3],
      ['b', 3],
      ['c', 3],
      ['none', 0],
    ],
  );
  assert.ok(pages.length >= 4);
});

test('each statistic', async () => {
  const world = await World.open();
  for (const durationMs of [10, 20, 30, 40]) world.invoke(arnOf('f'), '$LATEST', { durationMs });
  const of = async (Stat: string): Promise<number | undefined> =>
    (await world.data('Duration', { FunctionName: 'f' }, { Stat }))[0]?.[1];
  assert.deepEqual(
    await Promise.all(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].map(of)),
    [100, 25, 10, 40, 4],
  );
  assert.ok(Math.abs(((await of('p50')) ?? 0) - 20) < 2);
  assert.equal(await of('p100'), 40);
  assert.ok(((await of('p99.9')) ?? 0) > 36);
});

test('what was not asked to be returned is not, and a label is as it was given', async () => {
  const world = await worldOf([1]);
  const [first, ...others] = await results(world, {
    ...asked(),
    MetricDataQueries: [
      { Id: 'a', Label: 'mine', MetricStat: ofF },
      { Id: 'b', ReturnData: false, MetricStat: ofF },
    ],
  });
  assert.equal(first?.Label, 'mine');
  assert.deepEqual(others, []);
  const [plain] = await results(world, asked());
  assert.equal(plain?.Label, 'Invocations');
});

test('the start is rounded down to its minute, the end is not included', async () => {
  const world = await worldOf([0, 1, 2]);
  const [result] = await results(
    world,
    asked({}, { StartTime: new Date(beganMs + 30_000), EndTime: at(2), ScanBy: 'TimestampAscending' }),
  );
  assert.deepEqual(result?.Timestamps, [at(0), at(1)]);
});

test('data of a unit that was not recorded is none', async () => {
  const world = await worldOf([1]);
  assert.deepEqual((await results(world, asked({ Unit: 'Bytes' })))[0]?.Values, []);
  assert.deepEqual((await results(world, asked({ Unit: 'Count' })))[0]?.Values, [1]);
});

const tooMany = Array.from({ length: 501 }, (_, index) => ({ Id: `a${index}`, MetricStat: ofF }));
for (const [what, input, name] of [
  ['an end before its start', asked({}, { StartTime: at(1), EndTime: at(0) }), /StartTime must be less/],
  ['a statistic that is none', asked({ Stat: 'tm99' }), /tm99.*not supported/],
  ['a percentile beyond 100', asked({ Stat: 'p101' }), /p101.*not supported/],
  ['a member of every object as statistic', asked({ Stat: 'constructor' }), /constructor.*not supported/],
  ['a period that is none', asked({ Period: 90 }), /Period/],
  ['no query', asked({}, { MetricDataQueries: [] }), /must not be empty/],
  ['too many queries', asked({}, { MetricDataQueries: tooMany }), /size greater than 500/],
  ['an id that is none', asked({}, { MetricDataQueries: [{ Id: 'A b', MetricStat: ofF }] }), /pattern/],
  [
    'an id twice',
    asked(
      {},
      {
        MetricDataQueries: [
          { Id: 'a', MetricStat: ofF },
          { Id: 'a', MetricStat: ofF },
        ],
      },
    ),
    /not unique/,
  ],
  ['nothing to read', asked({}, { MetricDataQueries: [{ Id: 'a' }] }), /MetricStat or an Expression/],
  [
    'a dynamic label',
    asked({}, { MetricDataQueries: [{ Id: 'a', Label: '${MAX}', MetricStat: ofF }] }),
    /dynamic labels/,
  ],
  [
    'another account',
    asked({}, { MetricDataQueries: [{ Id: 'a', AccountId: '111111111111', MetricStat: ofF }] }),
    /other accounts/,
  ],
  ['no data points', asked({}, { MaxDatapoints: 0 }), /MaxDatapoints/],
  ['a token that is none', asked({}, { NextToken: 'AAAA' }), /token/],
  [
    'a token of another request',
    asked({}, { NextToken: Buffer.from('[1,0,0]').toString('base64url') }),
    /token/,
  ],
] as const satisfies readonly (readonly [string, Input, RegExp])[]) {
  test(`${what} is refused`, async () => {
    const world = await World.open();
    await assert.rejects(
      world.call('GetMetricData', input),
      (error) => error instanceof WireError && name.test(error.message),
    );
  });
}

test('more readers than may be wait for their turn, and more than may wait are told to come back', async () => {
  const world = await worldOf([1]);
  const calls = await Promise.allSettled(
    Array.from({ length: 300 }, () => world.call('GetMetricData', asked())),
  );
  const refused = calls.filter((call) => call.status === 'rejected');
  assert.equal(refused.length, 300 - 8 - 256);
  for (const { reason } of refused) assert.equal((reason as WireError).errorName, 'ThrottlingException');
  assert.equal((await results(world, asked()))[0]?.Values.length, 1);
});
