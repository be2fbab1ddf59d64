/** Waits between tries: twice as long each time, up to a bound, a little earlier or later so that many do not try at once. Pure. */
import type { Random } from '#platform';

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Before the try after `failures` that failed (1, 2, …). */
export function backoffMs({ minMs, maxMs }: Backoff, failures: number, random: Random): number {
  const doubled = minMs * 2 ** Math.min(30, Math.max(0, failures - 1));
  return Math.min(maxMs, doubled) * (0.75 + random.next() / 2);
}
