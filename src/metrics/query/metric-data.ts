/**
 * GetMetricData: many metrics in one answer, in stretches. What does not fit is for the next call, which begins where the token says:
 *
 *     query 0 ▓▓▓▓▓▓▓▓▓▓ Complete     query 1 ▓▓▓▓░░░░░░ PartialData     token: query 1, from period 4
 */
import { hash32 } from '#lib/hash';
import { type Handler, type Input, WireError } from '#wire';
import {
  dimensionsOf,
  invalidQuery,
  isPeriod,
  itemsOf,
  numberOf,
  structureOf,
  textOf,
  timeOf,
} from '../api/request.ts';
import { blocksPerAnswer, datapointsMax, queriesMax } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { type Span, spanOf } from './periods.ts';
import {
  blocksOf,
  find,
  type Found,
  type MetricQuery,
  periodsPerStretch,
  periodsWithData,
  readPeriods,
  withReading,
} from './reading.ts';
import { type Statistic, statisticOf } from './statistic.ts';

interface Query extends MetricQuery {
  readonly id: string;
  readonly label: string;
  readonly statistic: Statistic;
  readonly span: Span;
  readonly isReturned: boolean;
}

/** Where an answer goes on: `at` periods of that query are done. */
interface Position {
  readonly query: number;
  readonly at: number;
}

interface Result {
  readonly Id: string;
  readonly Label: string;
  readonly Timestamps: Date[];
  readonly Values: number[];
  StatusCode: 'Complete' | 'PartialData';
}

export function getMetricData(metrics: Metrics, accountId: string): Handler {
  return async (input) => {
    const queries = queriesOf(input, accountId);
    const isDescending = input['ScanBy'] !== 'TimestampAscending';
    const pointsMax = numberOf(input, 'MaxDatapoints') ?? datapointsMax;
    if (pointsMax < 1 || pointsMax > datapointsMax) {
      throw invalidQuery(
        `The value ${pointsMax} for parameter MaxDatapoints must be from 1 to ${datapointsMax}.`,
      );
    }
    const mark = hash32(JSON.stringify([queries, isDescending]));
    const position = positionOf(textOf(input, 'NextToken'), mark, queries.length);
    return withReading(metrics, async () => {
      const { results, next } = await answer(metrics, queries, { isDescending, pointsMax, position });
      const NextToken =
        next && Buffer.from(JSON.stringify([mark, next.query, next.at])).toString('base64url');
      return { MetricDataResults: results, Messages: [], NextToken };
    });
  };
}

async function answer(
  metrics: Metrics,
  queries: readonly Query[],
  {
    isDescending,
    pointsMax,
    position,
  }: {
    readonly isDescending: boolean;
    readonly pointsMax: number;
    readonly position: Position;
  },
): Promise<{ readonly results: readonly Result[]; readonly next: Position | undefined }> {
  const results: Result[] = [];
  let pointsLeft = pointsMax;
  let blocksLeft = blocksPerAnswer;
  for (let index = position.query; index < queries.length; index += 1) {
    const query = queries[index];
    if (query === undefined || !query.isReturned) continue;
    const found = find(metrics, query);
    const [first, last] = periodsWithData(query.span, found, metrics.oldestMinute());
    const result: Result = {
      Id: query.id,
      Label: query.label,
      Timestamps: [],
      Values: [],
      StatusCode: 'Complete',
    };
    results.push(result);
    let done = index === position.query ? position.at : 0;
    while (done < last - first) {
      if (pointsLeft <= 0 || blocksLeft <= 0) {
        result.StatusCode = 'PartialData';
        return { results, next: { query: index, at: done } };
      }
      const count = Math.min(last - first - done, pointsLeft, periodsPerStretch(query.span));
      const start = isDescending ? last - done - count : first + done;
      pointsLeft -= await addStretch(metrics, query, found, { start, count, isDescending }, result);
      blocksLeft -= blocksOf(query.span, found, count);
      done += count;
    }
  }
  return { results, next: undefined };
}

async function addStretch(
  metrics: Metrics,
  { span, statistic }: Query,
  found: Found,
  {
    start,
    count,
    isDescending,
  }: { readonly start: number; readonly count: number; readonly isDescending: boolean },
  { Timestamps, Values }: Result,
): Promise<number> {
  const points = await readPeriods(metrics, found, span, start, count);
  let added = 0;
  for (const { at, values } of isDescending ? points.toReversed() : points) {
    const value = statistic(values);
    if (value === undefined) continue;
    Timestamps.push(at);
    Values.push(value);
    added += 1;
  }
  return added;
}

function queriesOf(input: Input, accountId: string): readonly Query[] {
  const startMs = timeOf(input, 'StartTime') ?? 0;
  const endMs = timeOf(input, 'EndTime') ?? 0;
  if (startMs >= endMs) {
    throw invalidQuery('The parameter StartTime must be less than the parameter EndTime.');
  }
  const asked = itemsOf(input, 'MetricDataQueries');
  if (asked.length === 0) throw invalidQuery('The collection MetricDataQueries must not be empty.');
  if (asked.length > queriesMax) {
    throw invalidQuery(`The collection MetricDataQueries must not have a size greater than ${queriesMax}.`);
  }
  const queries = asked.map((each, index) =>
    queryOf(each, `MetricDataQueries.member.${index + 1}`, startMs, endMs, accountId),
  );
  const ids = new Set(queries.map(({ id }) => id));
  if (ids.size < queries.length)
    throw invalidQuery('The values for parameter id in MetricDataQueries are not unique.');
  return queries;
}

function queryOf(asked: Input, path: string, startMs: number, endMs: number, accountId: string): Query {
  const id = textOf(asked, 'Id') ?? '';
  if (!/^[a-z][a-zA-Z0-9_]*$/.test(id)) {
    throw invalidQuery(
      `The value ${id} for parameter ${path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
    );
  }
  const stat = structureOf(asked, 'MetricStat');
  if (asked['Expression'] !== undefined) {
    throw invalidQuery(
      `${path}.Expression: metric math and Metrics Insights queries are not implemented by Lambkin yet.`,
    );
  }
  if (stat === undefined)
    throw invalidQuery(`The parameter ${path} must have a MetricStat or an Expression.`);
  if (asked['Period'] !== undefined) {
    throw invalidQuery(`${path}.Period: it belongs to expressions; a metric has its own in MetricStat.`);
  }
  const label = textOf(asked, 'Label');
  if (label?.includes('${') === true)
    throw invalidQuery(`${path}.Label: dynamic labels are not implemented by Lambkin yet.`);
  if ((textOf(asked, 'AccountId') ?? accountId) !== accountId) {
    throw invalidQuery(`${path}.AccountId: metrics of other accounts are not served by Lambkin.`);
  }
  const period = numberOf(stat, 'Period') ?? 0;
  if (!isPeriod(period)) {
    throw invalidQuery(
      `The value ${period} for parameter ${path}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.`,
    );
  }
  const name = textOf(stat, 'Stat') ?? '';
  const statistic = statisticOf(name);
  if (statistic === undefined) {
    throw invalidQuery(`The value ${name} for parameter ${path}.MetricStat.Stat is not supported.`);
  }
  const metric = structureOf(stat, 'Metric') ?? {};
  const namespace = textOf(metric, 'Namespace');
  const metricName = textOf(metric, 'MetricName');
  if (namespace === undefined || metricName === undefined) {
    throw invalidQuery(`The parameter ${path}.MetricStat.Metric must have a Namespace and a MetricName.`);
  }
  return {
    id,
    label: label ?? metricName,
    statistic,
    span: spanOf(startMs, endMs, period),
    isReturned: asked['ReturnData'] !== false,
    namespace,
    metric: metricName,
    dimensions: dimensionsOf(metric),
    unit: textOf(stat, 'Unit'),
  };
}

function positionOf(token: string | undefined, mark: number, queriesCount: number): Position {
  if (token === undefined) return { query: 0, at: 0 };
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token.slice(0, 1_024), 'base64url').toString());
  } catch {
    throw invalidToken();
  }
  const [tokenMark, query, at] = Array.isArray(parsed) ? (parsed as readonly unknown[]) : [];
  if (tokenMark !== mark || !isCount(query) || !isCount(at) || query >= queriesCount) throw invalidToken();
  return { query, at };
}

const invalidToken = (): WireError =>
  new WireError('InvalidNextToken', 'The next token is not one of this request.');

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
