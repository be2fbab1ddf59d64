/**
 * Minutes to periods: they begin at the start of the request, rounded down to a whole minute, and follow each other without a gap; what has no data has no
 * period. The end is not part of what was asked for. Pure.
 */
import { dayMs, minuteMs } from '../limits.ts';
import type { Minute } from '../store.ts';
import { Summary, type Values } from '../summary.ts';

export interface Span {
  /** Minutes since the epoch: the first, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly periodMinutes: number;
}

/**
 * All in milliseconds since the epoch, the period in seconds. One shorter than a minute is one minute: nothing finer is kept. As on AWS the start is
 * rounded down, further where it is long ago.
 */
export function spanOf(startMs: number, endMs: number, periodSeconds: number, nowMs: number): Span {
  const ageMs = nowMs - startMs;
  const startMinutes = ageMs > hourlyAfterMs ? 60 : ageMs > fiveMinutesAfterMs ? 5 : 1;
  return {
    from: Math.floor(startMs / minuteMs / startMinutes) * startMinutes,
    to: Math.ceil(endMs / minuteMs),
    periodMinutes: Math.max(1, Math.ceil(periodSeconds / 60)),
  };
}

const fiveMinutesAfterMs = 15 * dayMs;
const hourlyAfterMs = 63 * dayMs;

export const periodsOf = ({ from, to, periodMinutes }: Span): number =>
  Math.max(0, Math.ceil((to - from) / periodMinutes));

/** Adds minutes to their periods, by the number of the period. */
export function addMinutes(periods: Map<number, Summary>, span: Span, minutes: Iterable<Minute>): void {
  for (const { minute, values } of minutes) {
    if (minute < span.from || minute >= span.to) continue;
    const period = Math.floor((minute - span.from) / span.periodMinutes);
    const known = periods.get(period);
    if (known === undefined) periods.set(period, Summary.of(values));
    else known.merge(values);
  }
}

export interface Point {
  readonly at: Date;
  readonly values: Values;
}

/** In ascending order. */
export function pointsOf(span: Span, periods: ReadonlyMap<number, Values>): readonly Point[] {
  return [...periods]
    .sort(([a], [b]) => a - b)
    .map(([period, values]) => ({
      at: new Date((span.from + period * span.periodMinutes) * minuteMs),
      values,
    }));
}
