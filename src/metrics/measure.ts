/** Values as they are measured, in numbers that were there before: a few additions each, and nothing is allocated. */
import { bucketOf, bucketsPerDoubling, type Values, zeroBucket } from './summary.ts';

/** Milliseconds from 2^-7 to 2^20 (a quarter of an hour is less) have buckets of their own; what is beyond lies in the outermost. */
const lowestDoubling = -7;
const highestDoubling = 20;
const lowest = lowestDoubling * bucketsPerDoubling;
const bucketsCount = (highestDoubling - lowestDoubling) * bucketsPerDoubling + 1;

export class Measure {
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  readonly #buckets: Uint32Array | undefined;

  /** `spread`: whether its percentiles shall be known. */
  constructor(spread: 'spread' | 'plain') {
    if (spread === 'spread') this.#buckets = new Uint32Array(bucketsCount);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(value: number): void {
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#buckets === undefined) return;
    const bucket = Math.min(bucketsCount - 1, Math.max(0, bucketOf(value) - lowest));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  /** What was measured since the last call. */
  take(): Values {
    const values = {
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      buckets: this.#takeBuckets(),
    };
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    return values;
  }

  #takeBuckets(): Values['buckets'] {
    const counts = this.#buckets;
    if (counts === undefined) return undefined;
    const buckets = new Map<number, number>();
    counts.forEach((count, index) => {
      if (count > 0) buckets.set(index === 0 && this.#min <= 0 ? zeroBucket : index + lowest, count);
    });
    counts.fill(0);
    return buckets;
  }
}

/** `ones` of `count` values were 1, the others 0. */
export function binary(count: number, ones: number): Values {
  const zeroes = count - ones;
  const buckets = new Map([
    ...(zeroes > 0 ? [[zeroBucket, zeroes] as const] : []),
    ...(ones > 0 ? [[bucketOf(1), ones] as const] : []),
  ]);
  return { count, sum: ones, min: zeroes > 0 ? 0 : 1, max: ones > 0 ? 1 : 0, buckets };
}
