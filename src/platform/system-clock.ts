/** The clock of the machine. */
import { performance } from 'node:perf_hooks';
import type { Cancel, Clock } from './clock.ts';

/** Node's timers take at most a signed 32-bit number of milliseconds (24.8 days) and fire at once beyond that. */
const timerDelayMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback): Cancel {
    const dueMs = performance.now() + Math.max(0, delayMs);
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      // A host that is short of time may be past it already: Node warns of negative delays.
      const leftMs = Math.max(0, dueMs - performance.now());
      timer = setTimeout(check, Math.min(Math.ceil(leftMs), timerDelayMsMax)).unref();
    };
    const check = (): void => {
      // A timer of Node counts in whole milliseconds of the event loop's time and may fire a little early.
      if (performance.now() < dueMs) arm();
      else callback();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
