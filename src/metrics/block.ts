/**
 * A block: what one source has recorded in a quarter of an hour, minute by minute. It is one document, written again while it is the newest:
 *
 *     { "Count Errors": [[3, 10, 2, 0, 1, [-10000, 8, 0, 2]], …] }     unit, metric: [minute of the block, count, sum, min, max, buckets]
 */
import type { Json } from '#platform';
import { blockMinutes } from './limits.ts';
import { Summary, type Values } from './summary.ts';

export interface MetricName {
  readonly metric: string;
  readonly unit: string;
}

/** Units have no blank in them. */
export const nameKey = ({ metric, unit }: MetricName): string => `${unit} ${metric}`;

export function nameOfKey(key: string): MetricName {
  const blank = key.indexOf(' ');
  return { unit: key.slice(0, blank), metric: key.slice(blank + 1) };
}

/** Of numbers with all their digits. */
const charactersOf = ({ buckets }: Values): number => 80 + (buckets?.size ?? 0) * 12;

export class Block {
  /** Minutes since the epoch, divided by `blockMinutes`. */
  readonly number: number;
  /** By name key, then by minute since the epoch. */
  readonly #minutes = new Map<string, Map<number, Summary>>();
  /** Whether what the store has of it is in it. */
  isWhole: boolean;
  /** Differs from what was written. */
  isChanged = false;

  constructor(number: number, isWhole: boolean) {
    this.number = number;
    this.isWhole = isWhole;
  }

  /** By how many characters it grows. */
  add(key: string, minute: number, values: Values): number {
    let minutes = this.#minutes.get(key);
    if (minutes === undefined) this.#minutes.set(key, (minutes = new Map()));
    this.isChanged = true;
    const known = minutes.get(minute);
    if (known === undefined) {
      const summary = Summary.of(values);
      minutes.set(minute, summary);
      return charactersOf(summary);
    }
    const before = charactersOf(known);
    known.merge(values);
    return charactersOf(known) - before;
  }

  /** By minute since the epoch, in no order. */
  minutesOf(key: string): ReadonlyMap<number, Values> {
    return this.#minutes.get(key) ?? none;
  }

  /** Takes in what the store has. */
  complete(stored: Json | undefined): void {
    if (this.isWhole) return;
    const changed = this.isChanged;
    for (const { key, minute, values } of decodeBlock(this.number, stored)) this.add(key, minute, values);
    this.isWhole = true;
    this.isChanged = changed;
  }

  /** About how many characters it has as JSON. */
  get characters(): number {
    let sum = 0;
    for (const minutes of this.#minutes.values()) {
      for (const values of minutes.values()) sum += charactersOf(values);
    }
    return sum;
  }

  encode(): Json {
    const began = this.number * blockMinutes;
    return Object.fromEntries(
      [...this.#minutes].map(([key, minutes]) => [
        key,
        Array.from(minutes, ([minute, values]) => rowOf(minute - began, values)),
      ]),
    );
  }
}

function rowOf(offset: number, { count, sum, min, max, buckets }: Values): Json {
  const row: Json[] = [offset, count, sum, min, max];
  if (buckets !== undefined) row.push([...buckets].flat());
  return row;
}

const none: ReadonlyMap<number, Values> = new Map();

export interface BlockRow {
  readonly key: string;
  /** Since the epoch. */
  readonly minute: number;
  readonly values: Values;
}

/** What is not as it was written is left out. */
export function* decodeBlock(number: number, stored: Json | undefined): Generator<BlockRow> {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return;
  for (const [key, rows] of Object.entries(stored)) {
    if (!Array.isArray(rows)) continue;
    for (const row of rows as readonly Json[]) {
      if (!Array.isArray(row)) continue;
      const [offset, count, sum, min, max, buckets] = row as readonly Json[];
      if (typeof offset !== 'number' || typeof count !== 'number' || typeof sum !== 'number') continue;
      if (typeof min !== 'number' || typeof max !== 'number') continue;
      const minute = number * blockMinutes + offset;
      yield { key, minute, values: { count, sum, min, max, buckets: bucketsOf(buckets) } };
    }
  }
}

function bucketsOf(pairs: Json | undefined): ReadonlyMap<number, number> | undefined {
  if (!Array.isArray(pairs)) return undefined;
  const buckets = new Map<number, number>();
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    buckets.set(Number(pairs[index]), Number(pairs[index + 1]));
  }
  return buckets;
}
