/**
 * Finds processes that carry a sandbox's mark and kills those whose sandbox is over: children that left their process group, and
 * everything that an earlier run of Lambkin left behind.
 *
 * A look goes over all processes of the host, so looks are shared: whoever asks while one is waiting to begin gets its result, and the
 * time between two grows with what one costs. The mark is an environment variable; a function that removes it from a child's environment
 * and leaves the group as well gets away: the process sandbox is not a security boundary.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '#platform';
import { sweepRoundsMax } from '../../limits.ts';
import { processIds, startedWith } from './proc.ts';

export const markVariable = 'LAMBKIN_ENVIRONMENT_ID';
/** Processes looked at before the event loop gets its turn. */
const sliceLength = 64;
/** Least time between two looks, and how much longer than a look the pause after it is. */
const pauseMsMin = 15;
const pauseFactor = 4;

export class Sweeper {
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #isLive: (sandboxId: string) => boolean;
  readonly #warn: (message: string) => void;
  /** The look that has not begun yet. */
  #waiting: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #pauseMs = pauseMsMin;

  /** `owner` names the data directory in marks: `<owner>/<sandboxId>`. */
  constructor(
    clock: Clock,
    owner: string,
    isLive: (sandboxId: string) => boolean,
    warn: (message: string) => void,
  ) {
    this.#clock = clock;
    this.#owner = owner;
    this.#isLive = isLive;
    this.#warn = warn;
  }

  mark(sandboxId: string): string {
    return `${this.#owner}/${sandboxId}`;
  }

  /** Resolves once no process is left that is marked with a sandbox that was not live when this was called. */
  sweep(): Promise<void> {
    this.#waiting ??= this.#next();
    return this.#waiting;
  }

  async #next(): Promise<void> {
    const before = this.#running;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running = promise;
    await before;
    // A timer that keeps the process alive, unlike the clock's: a worker that is closing waits for nothing else in the end.
    await pause(this.#pauseMs);
    this.#waiting = undefined;
    try {
      await this.#look();
    } finally {
      resolve();
    }
  }

  async #look(): Promise<void> {
    for (let round = 0; round < sweepRoundsMax; round += 1) {
      const startedMs = this.#clock.monotonicMs();
      const killed = await this.#killOrphans();
      this.#pauseMs = Math.max(pauseMsMin, (this.#clock.monotonicMs() - startedMs) * pauseFactor);
      if (killed === 0) return;
      await pause(this.#pauseMs); // on a busy host even a killed process takes a moment to go
    }
    this.#warn('processes of a stopped environment keep coming back');
  }

  async #killOrphans(): Promise<number> {
    const prefix = `${this.#owner}/`;
    let killed = 0;
    let looked = 0;
    for (const pid of processIds()) {
      looked += 1;
      if (looked % sliceLength === 0) await nextTurn();
      if (pid === process.pid) continue;
      const mark = startedWith(pid, markVariable);
      if (mark === undefined || !mark.startsWith(prefix) || this.#isLive(mark.slice(prefix.length))) continue;
      if (signal(pid)) killed += 1;
    }
    return killed;
  }
}

/** SIGKILL for a process, or for a whole group as a negative number. False when there is none. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
