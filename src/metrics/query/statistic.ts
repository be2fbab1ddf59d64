/** Statistics as requests name them, and their values. Pure. */
import { percentile, type Values } from '../summary.ts';

export type Statistic = (values: Values) => number | undefined;

const plain: Readonly<Record<string, Statistic>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => (count === 0 ? undefined : sum / count),
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
};

/** Undefined for what is no statistic that is served: trimmed means, winsorized means and ranks are not. */
export function statisticOf(name: string): Statistic | undefined {
  if (Object.hasOwn(plain, name)) return plain[name];
  const percent = percentOf(name);
  return percent === undefined ? undefined : (values) => percentile(values, percent);
}

/** `p99.9` */
function percentOf(name: string): number | undefined {
  const digits = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const percent = Number(digits);
  return percent <= 100 ? percent : undefined;
}
