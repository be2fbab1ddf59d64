/**
 * The time that durable timeouts are kept in: wall-clock time when the engine opened, monotonic from then on. So a wall clock
 * that jumps neither hides nor releases messages, and what was stored keeps its meaning in the next process.
 */
import type { Clock } from '../clock.ts';

/** Returns a function that gives epoch milliseconds with a fraction; it never goes back. */
export function storeTime(clock: Clock): () => number {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  return () => offsetMs + clock.monotonicMs();
}
