/**
 * What is kept of the values of one metric in a stretch of time: count, sum, extremes, and for some how many lay in which bucket. Summaries add up: that
 * of an hour is the sum of those of its minutes, however the hour is divided. Pure.
 *
 * Buckets grow by an eighth of a doubling: bucket i holds what is more than 2^((i-1)/8) and at most 2^(i/8). A percentile is therefore right within 4.5%.
 */
import { bucketsMax } from './limits.ts';

export const bucketsPerDoubling = 8;

/** What is 0 lies below every other bucket. */
export const zeroBucket = -10_000;

export function bucketOf(value: number): number {
  return value <= 0 ? zeroBucket : Math.ceil(Math.log2(value) * bucketsPerDoubling);
}

/** The greatest value that lies in a bucket. */
export function bucketBound(bucket: number): number {
  return bucket === zeroBucket ? 0 : 2 ** (bucket / bucketsPerDoubling);
}

/** Counts by bucket; undefined: the metric has none, or a value was negative, which AWS has no percentiles for either. */
export type Buckets = ReadonlyMap<number, number>;

export interface Values {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly buckets?: Buckets | undefined;
}

export class Summary implements Values {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;
  #buckets: Map<number, number> | undefined = new Map();

  static of(values: Values): Summary {
    const summary = new Summary();
    summary.merge(values);
    return summary;
  }

  get buckets(): Buckets | undefined {
    return this.#buckets;
  }

  /** The same value `times` over. */
  add(value: number, times = 1): void {
    if (times <= 0) return;
    this.count += times;
    this.sum += value * times;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    if (value < 0) this.#buckets = undefined;
    else this.#tally(bucketOf(value), times);
  }

  merge(values: Values): void {
    if (values.count <= 0) return;
    this.count += values.count;
    this.sum += values.sum;
    this.min = Math.min(this.min, values.min);
    this.max = Math.max(this.max, values.max);
    if (values.buckets === undefined) this.#buckets = undefined;
    else for (const [bucket, count] of values.buckets) this.#tally(bucket, count);
  }

  #tally(bucket: number, count: number): void {
    const buckets = this.#buckets;
    if (buckets === undefined) return;
    const known = buckets.get(bucket);
    if (known === undefined && buckets.size >= bucketsMax) {
      const near = nearest(buckets, bucket);
      buckets.set(near, (buckets.get(near) ?? 0) + count);
    } else buckets.set(bucket, (known ?? 0) + count);
  }
}

function nearest(buckets: Buckets, bucket: number): number {
  let best = zeroBucket;
  for (const known of buckets.keys()) {
    if (Math.abs(known - bucket) < Math.abs(best - bucket)) best = known;
  }
  return best;
}

/** The value that `percent` of all are not above; undefined where that was not kept. */
export function percentile(values: Values, percent: number): number | undefined {
  if (values.count <= 0) return undefined;
  if (values.min === values.max) return values.min;
  if (values.buckets === undefined) return undefined;
  const rank = (percent / 100) * values.count;
  let below = 0;
  for (const [bucket, count] of [...values.buckets].sort(([a], [b]) => a - b)) {
    if (below + count >= rank) {
      const low = bucketBound(bucket === zeroBucket ? bucket : bucket - 1);
      const high = bucketBound(bucket);
      const at = low + (high - low) * Math.max(0, (rank - below) / count);
      return Math.min(values.max, Math.max(values.min, at));
    }
    below += count;
  }
  return values.max;
}
