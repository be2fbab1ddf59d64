/** GetMetricStatistics: several statistics of one metric, all in one answer. */
import { type Handler, type Input } from '#wire';
import {
  dimensionsOf,
  invalidCombination,
  invalidValue,
  isPeriod,
  numberOf,
  textOf,
  timeOf,
} from '../api/request.ts';
import { statisticsDatapointsMax } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { periodsOf, type Point, pointsOf, spanOf } from './periods.ts';
import { find, periodsPerStretch, periodsWithData, readPeriods, withReading } from './reading.ts';
import { statisticOf } from './statistic.ts';

export function getMetricStatistics(metrics: Metrics): Handler {
  return async (input) => {
    const names = statisticsOf(input, 'Statistics');
    const extended = statisticsOf(input, 'ExtendedStatistics');
    if (names.length + extended.length === 0) {
      throw invalidCombination(
        'At least one of the parameters Statistics and ExtendedStatistics must be specified.',
      );
    }
    const unknown = extended.find((name) => !name.startsWith('p') || statisticOf(name) === undefined);
    if (unknown !== undefined) {
      throw invalidValue(`The value ${unknown} for parameter ExtendedStatistics is not supported.`);
    }
    const span = spanIn(input, metrics.nowMs());
    const metric = textOf(input, 'MetricName') ?? '';
    const unit = textOf(input, 'Unit');
    const namespace = textOf(input, 'Namespace') ?? '';
    return withReading(metrics, async () => {
      const found = find(metrics, { namespace, metric, dimensions: dimensionsOf(input), unit });
      const [first, last] = periodsWithData(span, found, metrics.oldestMinute());
      const points: Point[] = [];
      for (let at = first; at < last; at += periodsPerStretch(span)) {
        const count = Math.min(periodsPerStretch(span), last - at);
        points.push(...pointsOf(span, await readPeriods(metrics, found, span, at, count)));
      }
      const Unit = unit ?? (found.units.length === 1 ? found.units[0] : 'None');
      return { Label: metric, Datapoints: points.map((point) => datapoint(point, names, extended, Unit)) };
    });
  };
}

function datapoint(
  { at, values }: Point,
  names: readonly string[],
  extended: readonly string[],
  Unit: string | undefined,
): Readonly<Record<string, unknown>> {
  const plain = names.map((name) => [name, statisticOf(name)?.(values)] as const);
  const percentiles = extended.flatMap((name) => {
    const value = statisticOf(name)?.(values);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    Timestamp: at,
    ...Object.fromEntries(plain),
    Unit,
    ExtendedStatistics: percentiles.length === 0 ? undefined : Object.fromEntries(percentiles),
  };
}

function spanIn(input: Input, nowMs: number): ReturnType<typeof spanOf> {
  const startMs = timeOf(input, 'StartTime') ?? 0;
  const endMs = timeOf(input, 'EndTime') ?? 0;
  const period = numberOf(input, 'Period') ?? 0;
  if (startMs >= endMs) {
    throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  }
  if (!isPeriod(period)) {
    throw invalidValue('The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
  }
  const span = spanOf(startMs, endMs, period, nowMs);
  const asked = periodsOf(span);
  if (asked > statisticsDatapointsMax) {
    throw invalidCombination(
      `You have requested up to ${asked} datapoints, which exceeds the limit of ${statisticsDatapointsMax}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
  return span;
}

function statisticsOf(input: Input, member: string): readonly string[] {
  const value = input[member];
  return Array.isArray(value) ? [...new Set(value as readonly string[])] : [];
}
