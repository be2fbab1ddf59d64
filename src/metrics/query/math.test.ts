/** Metric math: what expressions come to, and what is wrong with others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireError, type Input } from '#wire';
import { arnOf, dimensionsIn, World } from '../fixtures/world.ts';
import { evaluate, namesIn, type Values } from './math.ts';
import { MathError, parseMath } from './math-parser.ts';

const series: Readonly<Record<string, Values>> = {
  a: new Map([
    [0, 1],
    [1, 2],
    [2, 3],
  ]),
  b: new Map([
    [1, 10],
    [2, 0],
    [3, 5],
  ]),
};

const of = (text: string): unknown =>
  Object.fromEntries(
    evaluate(parseMath(text), {
      valuesOf: (name) => series[name] ?? new Map(),
      metricIds: Object.keys(series),
      first: 0,
      last: 4,
    }),
  );

for (const [text, expected] of [
  ['a', { 0: 1, 1: 2, 2: 3 }],
  ['a + b', { 1: 12, 2: 3 }],
  ['a/b', { 1: 0.2 }],
  ['100 * a / b', { 1: 20 }],
  ['a * 2 + 1', { 0: 3, 1: 5, 2: 7 }],
  ['1 - a', { 0: 0, 1: -1, 2: -2 }],
  ['-a', { 0: -1, 1: -2, 2: -3 }],
  ['-a ^ 2', { 0: 1, 1: 4, 2: 9 }],
  ['2 ^ a', { 0: 2, 1: 4, 2: 8 }],
  ['a - 1 - 1', { 0: -1, 1: 0, 2: 1 }],
  ['8 / 2 / a', { 0: 4, 1: 2, 2: 4 / 3 }],
  ['2 ^ 3 ^ 0 * a', { 0: 2, 1: 4, 2: 6 }],
  ['(a + 1) * 2', { 0: 4, 1: 6, 2: 8 }],
  ['1.5e1*a', { 0: 15, 1: 30, 2: 45 }],
  ['FILL(a, 0)', { 0: 1, 1: 2, 2: 3, 3: 0 }],
  ['FILL(a, 0) + FILL(b, 0)', { 0: 1, 1: 12, 2: 3, 3: 5 }],
  ['SUM([a, b])', { 0: 1, 1: 12, 2: 3, 3: 5 }],
  ['sum(METRICS())', { 0: 1, 1: 12, 2: 3, 3: 5 }],
  ["MAX(METRICS('a'))", { 0: 1, 1: 2, 2: 3 }],
  ['AVG([a, b])', { 0: 1, 1: 6, 2: 1.5, 3: 5 }],
  ['MIN([a, b, a * 0])', { 0: 0, 1: 0, 2: 0, 3: 5 }],
  ['a / 0', {}],
] as const) {
  test(text, () => assert.deepEqual(of(text), expected));
}

for (const text of [
  '',
  ' ',
  '1',
  'a +',
  '+ a',
  '(a',
  'a)',
  'a b',
  'a $ b',
  "'text'",
  '[a]',
  '[a] + 1',
  'SUM(a)',
  'SUM()',
  'SUM([a], 1)',
  'FILL(a)',
  'FILL(a, REPEAT)',
  'FILL(a, 1, 2)',
  'METRICS(a)',
  'RATE(a)',
  'constructor(a)',
  'IF(a > 1, a, b)',
  '('.repeat(100) + 'a' + ')'.repeat(100),
  '-'.repeat(100) + 'a',
  'a' + '+a'.repeat(600),
  '2^'.repeat(200) + 'a',
  '['.repeat(100) + ']'.repeat(100),
]) {
  test(`${text.slice(0, 30)} is wrong`, () => {
    assert.throws(() => {
      const node = parseMath(text);
      namesIn(node, Object.keys(series));
      of(text);
    }, MathError);
  });
}

test('any text is an expression or wrong', () => {
  const word = fc.constantFrom(
    'a',
    'b',
    '1',
    '2.5',
    '+',
    '-',
    '*',
    '/',
    '^',
    '(',
    ')',
    '[',
    ']',
    ',',
    'SUM',
    'FILL',
    ' ',
    '"',
    'METRICS()',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join('')),
      ),
      (text) => {
        try {
          of(text);
        } catch (error) {
          assert.ok(error instanceof MathError, String(error));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

const beganMs = 1_767_225_600_000;
const metric = (MetricName: string, Period = 60): object => ({
  Metric: { Namespace: 'AWS/Lambda', MetricName, Dimensions: dimensionsIn({ FunctionName: 'f' }) },
  Period,
  Stat: 'Sum',
});
const asked = (...MetricDataQueries: readonly object[]): Input => ({
  StartTime: new Date(beganMs),
  EndTime: new Date(beganMs + 5 * 60_000),
  ScanBy: 'TimestampAscending',
  MetricDataQueries,
});

async function results(world: World, input: Input): Promise<unknown> {
  const { MetricDataResults } = await world.call('GetMetricData', input);
  return (MetricDataResults as readonly { Id: string; Label: string; Values: number[] }[]).map(
    ({ Id, Label, Values }) => [Id, Label, Values],
  );
}

test('an error rate is asked for as on AWS', async () => {
  const world = await World.open();
  for (const fails of [true, false, false, false]) world.invoke(arnOf('f'), '1', { fails });
  await world.pass(2);
  world.invoke(arnOf('f'), '1');
  const input = asked(
    { Id: 'rate', Expression: 'errors / invocations * 100', Label: 'Error rate' },
    { Id: 'errors', MetricStat: metric('Errors'), ReturnData: false },
    { Id: 'invocations', MetricStat: metric('Invocations'), ReturnData: false },
    { Id: 'whole', Expression: 'FILL(rate, 0) + 1' },
  );
  assert.deepEqual(await results(world, input), [
    ['rate', 'Error rate', [25, 0]],
    ['whole', 'whole', [26, 1, 1, 1, 1]],
  ]);
  let pages = 0;
  const values: number[] = [];
  let NextToken: unknown;
  do {
    const more = NextToken === undefined ? {} : { NextToken };
    const output = await world.call('GetMetricData', { ...input, ...more, MaxDatapoints: 2 });
    for (const { Values } of output['MetricDataResults'] as readonly { Values: number[] }[])
      values.push(...Values);
    NextToken = output['NextToken'];
    pages += 1;
  } while (NextToken !== undefined);
  assert.deepEqual([values, pages >= 4], [[25, 0, 26, 1, 1, 1, 1], true]);
});

const invocations = { Id: 'm', MetricStat: metric('Invocations') };
for (const [what, queries, message] of [
  ['itself', [{ Id: 'e', Expression: 'e + 1' }], /made of itself/],
  [
    'others that are made of it',
    [
      { Id: 'e', Expression: 'g' },
      { Id: 'g', Expression: 'e' },
    ],
    /made of itself/,
  ],
  ['what is not there', [invocations, { Id: 'e', Expression: 'm + x' }], /no query with the id 'x'/],
  ['numbers', [{ Id: 'e', Expression: '1 + 1' }], /at least one metric/],
  ['a query', [{ Id: 'e', Expression: 'SELECT AVG(x) FROM y' }], /not implemented/],
  ['a search', [{ Id: 'e', Expression: "SEARCH('x', 'Sum')" }], /not implemented/],
  ['other functions', [invocations, { Id: 'e', Expression: 'RATE(m)' }], /RATE is not implemented/],
  [
    'different periods',
    [invocations, { Id: 'n', MetricStat: metric('Errors', 120) }, { Id: 'e', Expression: 'm + n' }],
    /same period/,
  ],
  ['a metric as well', [{ ...invocations, Expression: 'm' }], /mutually exclusive/],
] as const) {
  test(`an expression of ${what} is refused`, async () => {
    const world = await World.open();
    await assert.rejects(
      world.call('GetMetricData', asked(...queries)),
      (error) => error instanceof WireError && message.test(error.message),
    );
  });
}

test('expressions of expressions cost what they are, not what they would be written out', async () => {
  const world = await World.open();
  world.invoke(arnOf('f'), '1');
  const chain = Array.from({ length: 400 }, (_, index) => ({
    Id: `e${index}`,
    Expression: index === 0 ? 'm + m' : `e${index - 1} + e${index - 1} - e${index - 1}`,
    ReturnData: index === 399,
  }));
  const found = await results(world, asked({ ...invocations, ReturnData: false }, ...chain));
  assert.deepEqual(found, [['e399', 'e399', [2]]]);
});
