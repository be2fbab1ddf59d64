/** How much this process has to do, as its event loop tells: the time at work, of the time that has passed. */
import { performance } from 'node:perf_hooks';

/** How old the figure may be. */
const windowMs = 50;

/** Asks for the share, 0 to 1, of about the last `windowMs`; of the time since the question before, where that is longer ago. Cheap to ask. */
export function loopLoad(): () => number {
  let before = performance.eventLoopUtilization();
  let askedMs = performance.now();
  let share = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs - askedMs < windowMs) return share;
    const now = performance.eventLoopUtilization();
    share = performance.eventLoopUtilization(now, before).utilization;
    before = now;
    askedMs = nowMs;
    return share;
  };
}
