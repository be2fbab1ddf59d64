/**
 * GetMetricData: many metrics in one answer, in stretches. What does not fit is for the next call, which begins where the token says:
 *
 *     query 0 ▓▓▓▓▓▓▓▓▓▓ Complete     query 1 ▓▓▓▓░░░░░░ PartialData     token: query 1, from period 4
 */
import { hash32 } from '#lib/hash';
import { type Handler, WireError } from '#wire';
import { invalidQuery, numberOf, textOf } from '../api/request.ts';
import { blocksPerAnswer, datapointsMax, minuteMs } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { type Asked, askedIn } from './asked.ts';
import { Evaluation } from './evaluation.ts';
import { periodsPerStretch, withReading } from './reading.ts';

/** Where an answer goes on: at which query, and which of its periods (going back in time: before which). */
interface Position {
  readonly query: number;
  readonly period: number;
}

interface Result {
  readonly Id: string;
  readonly Label: string;
  readonly Timestamps: Date[];
  readonly Values: number[];
  StatusCode: 'Complete' | 'PartialData';
}

interface Paging {
  readonly isDescending: boolean;
  readonly pointsMax: number;
  readonly position: Position | undefined;
}

export function getMetricData(metrics: Metrics, accountId: string): Handler {
  return async (input) => {
    const asked = askedIn(input, accountId, metrics.nowMs());
    const isDescending = input['ScanBy'] !== 'TimestampAscending';
    const pointsMax = numberOf(input, 'MaxDatapoints') ?? datapointsMax;
    if (pointsMax < 1 || pointsMax > datapointsMax) {
      throw invalidQuery(
        `The value ${pointsMax} for parameter MaxDatapoints must be from 1 to ${datapointsMax}.`,
      );
    }
    const mark = hash32(JSON.stringify([[...asked], isDescending]));
    const position = positionOf(textOf(input, 'NextToken'), mark, asked.size);
    return withReading(metrics, async () => {
      const { results, next } = await answer(metrics, asked, { isDescending, pointsMax, position });
      const token = next && JSON.stringify([mark, next.query, next.period]);
      const NextToken = token === undefined ? undefined : Buffer.from(token).toString('base64url');
      return { MetricDataResults: results, Messages: [], NextToken };
    });
  };
}

async function answer(
  metrics: Metrics,
  asked: ReadonlyMap<string, Asked>,
  { isDescending, pointsMax, position }: Paging,
): Promise<{ readonly results: readonly Result[]; readonly next: Position | undefined }> {
  const evaluation = new Evaluation(metrics, asked);
  const results: Result[] = [];
  let pointsLeft = pointsMax;
  let blocksLeft = blocksPerAnswer;
  for (const [index, query] of [...asked.values()].entries()) {
    if (!query.isReturned || index < (position?.query ?? 0)) continue;
    const [first, last] = evaluation.range(query);
    const result = emptyResult(query);
    results.push(result);
    // Absolute, since the range may have moved since the last answer.
    const from = index === position?.query ? position.period : undefined;
    let period = isDescending ? Math.min(last, from ?? last) : Math.max(first, from ?? first);
    while (isDescending ? period > first : period < last) {
      if (pointsLeft <= 0 || blocksLeft <= 0) {
        result.StatusCode = 'PartialData';
        return { results, next: { query: index, period } };
      }
      const left = isDescending ? period - first : last - period;
      const count = Math.min(left, pointsLeft, periodsPerStretch(query.span));
      const start = isDescending ? period - count : period;
      const values = await evaluation.values(query, { first: start, count });
      addValues(result, query, values, isDescending);
      pointsLeft -= values.size;
      blocksLeft -= evaluation.blocks(query, count);
      period = isDescending ? start : start + count;
    }
  }
  return { results, next: undefined };
}

const emptyResult = ({ id, label }: Asked): Result => ({
  Id: id,
  Label: label,
  Timestamps: [],
  Values: [],
  StatusCode: 'Complete',
});

function addValues(
  { Timestamps, Values }: Result,
  { span }: Asked,
  values: ReadonlyMap<number, number>,
  isDescending: boolean,
): void {
  for (const [period, value] of [...values].sort(([a], [b]) => (isDescending ? b - a : a - b))) {
    Timestamps.push(new Date((span.from + period * span.periodMinutes) * minuteMs));
    Values.push(value);
  }
}

function positionOf(token: string | undefined, mark: number, queriesCount: number): Position | undefined {
  if (token === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token.slice(0, 1_024), 'base64url').toString());
  } catch {
    throw invalidToken();
  }
  const [tokenMark, query, period] = Array.isArray(parsed) ? (parsed as readonly unknown[]) : [];
  if (tokenMark !== mark || !isCount(query) || !isCount(period) || query >= queriesCount)
    throw invalidToken();
  return { query, period };
}

const invalidToken = (): WireError =>
  new WireError('InvalidNextToken', 'The next token is not one of this request.');

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
