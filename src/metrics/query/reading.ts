/** From what a request names to data: which sources it means, and their periods, read in stretches. */
import { WireError } from '#wire';
import { nameKey, nameOfKey } from '../block.ts';
import type { Entry } from '../catalogue.ts';
import { blockMinutes, blocksPerPage } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { type Dimension, sourceOf } from '../source.ts';
import type { Summary } from '../summary.ts';
import { addMinutes, periodsOf, type Span } from './periods.ts';

export interface MetricQuery {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly Dimension[];
  /** Absent: data of any unit. */
  readonly unit?: string | undefined;
}

/** Where the data of one metric is. */
export interface Found {
  readonly parts: readonly { readonly entry: Entry; readonly keys: readonly string[] }[];
  /** The newest minute of all; -1 without data. */
  readonly lastMinute: number;
  readonly units: readonly string[];
}

export function find({ store }: Pick<Metrics, 'store'>, query: MetricQuery): Found {
  const { namespace, metric, dimensions, unit } = query;
  const sources = [sourceOf(namespace, dimensions), sourceOf(namespace, dimensions, metric)];
  const parts = sources.flatMap((source) => {
    const entry = store.catalogue.find(source);
    if (entry === undefined) return [];
    const keys = [...entry.names].filter((key) => {
      const name = nameOfKey(key);
      return name.metric === metric && (unit === undefined || key === nameKey({ metric, unit }));
    });
    return keys.length === 0 ? [] : [{ entry, keys }];
  });
  return {
    parts,
    lastMinute: Math.max(-1, ...parts.map(({ entry }) => entry.lastMinute)),
    units: [...new Set(parts.flatMap(({ keys }) => keys.map((key) => nameOfKey(key).unit)))],
  };
}

/** The periods of a span that may have data: from the first to before the last. */
export function periodsWithData(
  span: Span,
  { lastMinute }: Found,
  oldestMinute: number,
): readonly [number, number] {
  const { from, periodMinutes } = span;
  const first = Math.max(0, Math.floor((oldestMinute - from) / periodMinutes));
  const last = Math.min(periodsOf(span), Math.ceil((lastMinute + 1 - from) / periodMinutes));
  return [Math.min(first, Math.max(0, last)), Math.max(0, last)];
}

/** Periods that are read in one go: as many as a page of blocks has, one at least. */
export const periodsPerStretch = ({ periodMinutes }: Span): number =>
  Math.max(1, Math.floor((blocksPerPage * blockMinutes) / periodMinutes));

/** What was recorded in some of a span's periods, by their numbers. */
export async function readPeriods(
  { store }: Pick<Metrics, 'store'>,
  { parts }: Found,
  span: Span,
  first: number,
  count: number,
): Promise<ReadonlyMap<number, Summary>> {
  const from = span.from + first * span.periodMinutes;
  const to = Math.min(span.to, from + count * span.periodMinutes);
  const periods = new Map<number, Summary>();
  for (const { entry, keys } of parts) {
    for await (const minutes of store.read(entry, keys, from, to)) addMinutes(periods, span, minutes);
  }
  return periods;
}

/** Blocks that are looked at for so many periods. */
export const blocksOf = ({ periodMinutes }: Span, { parts }: Found, count: number): number =>
  parts.length * (Math.ceil((count * periodMinutes) / blockMinutes) + 1);

/** Runs when its turn among those who read has come, with all that was recorded until then. */
export async function withReading<T extends object>(
  metrics: Pick<Metrics, 'readers' | 'settle'>,
  run: () => Promise<T>,
): Promise<T> {
  if (metrics.readers.isFull) throw new WireError('ThrottlingException', 'Rate exceeded');
  return metrics.readers.run(async () => {
    await metrics.settle();
    return run();
  });
}
