/** PutMetricData: users' own metrics. All of a request is checked before any of it is recorded. */
import type { Handler, Input } from '#wire';
import { WireError } from '#wire';
import {
  dimensionsOf,
  invalidCombination,
  invalidValue,
  itemsOf,
  numberOf,
  numbersOf,
  structureOf,
  textOf,
  timeOf,
} from '../api/request.ts';
import { datumsMax, minuteMs, putFutureMsMax, putPastMsMax, valueMax, valuesPerDatumMax } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { type Source, sourceOf } from '../source.ts';
import { bucketOf, Summary, type Values } from '../summary.ts';

interface Datum {
  readonly source: Source;
  readonly metric: string;
  readonly unit: string;
  readonly minute: number;
  readonly values: Values;
}

export function putMetricData(metrics: Metrics): Handler {
  return async (input) => {
    const namespace = textOf(input, 'Namespace') ?? '';
    if (/^aws\//i.test(namespace)) throw invalidValue('The value AWS/ for parameter Namespace is invalid.');
    if (itemsOf(input, 'EntityMetricData').length > 0) {
      throw invalidValue('EntityMetricData: entities are not implemented by Lambkin yet.');
    }
    const data = itemsOf(input, 'MetricData');
    if (data.length === 0)
      throw new WireError('MissingRequiredParameterException', 'The parameter MetricData is required.');
    if (data.length > datumsMax) {
      throw invalidValue(`The collection MetricData must not have a size greater than ${datumsMax}.`);
    }
    const nowMs = metrics.nowMs();
    const datums = data.map((each, index) =>
      datumOf(namespace, each, `MetricData.member.${index + 1}`, nowMs),
    );
    let isFull = false;
    for (const { source, metric, unit, minute, values } of datums) {
      if (!metrics.store.add(source, { metric, unit }, minute, values)) isFull = true;
    }
    if (isFull) throw new WireError('ThrottlingException', 'There are as many metrics as Lambkin keeps.');
    return {};
  };
}

function datumOf(namespace: string, datum: Input, path: string, nowMs: number): Datum {
  const metric = textOf(datum, 'MetricName') ?? '';
  const dimensions = dimensionsOf(datum);
  if (new Set(dimensions.map(({ name }) => name)).size < dimensions.length) {
    throw invalidValue(`The parameter ${path}.Dimensions names a dimension twice.`);
  }
  const atMs = timeOf(datum, 'Timestamp') ?? nowMs;
  if (atMs < nowMs - putPastMsMax || atMs > nowMs + putFutureMsMax) {
    throw invalidValue(
      `The parameter ${path}.Timestamp must specify a time no later than two hours in the future and no more than two weeks in the past.`,
    );
  }
  return {
    source: sourceOf(namespace, dimensions, metric),
    metric,
    unit: textOf(datum, 'Unit') ?? 'None',
    minute: Math.floor(atMs / minuteMs),
    values: valuesOf(datum, path),
  };
}

function valuesOf(datum: Input, path: string): Values {
  const value = numberOf(datum, 'Value');
  const values = numbersOf(datum, 'Values');
  const set = structureOf(datum, 'StatisticValues');
  const given = [value, values, set].filter((each) => each !== undefined).length;
  if (given === 0) {
    throw new WireError(
      'MissingRequiredParameterException',
      `At least one of the following parameters must be specified: ${path}.Value, ${path}.Values, ${path}.StatisticValues.`,
    );
  }
  if (given > 1) {
    throw invalidCombination(`${path}: Value, Values and StatisticValues are mutually exclusive.`);
  }
  if (set !== undefined) return setOf(set, path);
  const summary = new Summary();
  if (value !== undefined) summary.add(checked(value, `${path}.Value`));
  else addAll(summary, values ?? [], numbersOf(datum, 'Counts'), path);
  return summary;
}

function addAll(
  summary: Summary,
  values: readonly number[],
  counts: readonly number[] | undefined,
  path: string,
): void {
  if (values.length === 0 || values.length > valuesPerDatumMax) {
    throw invalidValue(`The collection ${path}.Values must have 1 to ${valuesPerDatumMax} values.`);
  }
  if (counts !== undefined && counts.length !== values.length) {
    throw invalidValue(`The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  }
  values.forEach((value, index) => {
    const count = counts?.[index] ?? 1;
    if (count <= 0) throw invalidValue(`The parameter ${path}.Counts must be greater than 0.`);
    summary.add(checked(value, `${path}.Values`), checked(count, `${path}.Counts`));
  });
}

function setOf(set: Input, path: string): Values {
  const [count = 0, sum = 0, min = 0, max = 0] = ['SampleCount', 'Sum', 'Minimum', 'Maximum'].map((name) =>
    checked(numberOf(set, name) ?? 0, `${path}.StatisticValues.${name}`),
  );
  if (count <= 0)
    throw invalidValue(`The parameter ${path}.StatisticValues.SampleCount must be greater than 0.`);
  if (min > max) {
    throw invalidValue(`The parameter ${path}.StatisticValues.Maximum must be greater than Minimum.`);
  }
  // What must have been the same value each time has percentiles, too.
  if (min === max) return { count, sum, min, max, buckets: new Map([[bucketOf(min), count]]) };
  return { count, sum, min, max };
}

function checked(value: number, path: string): number {
  if (Number.isFinite(value) && Math.abs(value) <= valueMax) return value;
  throw invalidValue(`The value ${value} for parameter ${path} is invalid.`);
}
