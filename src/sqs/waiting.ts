/**
 * Receivers that wait for a message (long polling). Each queue with waiting receivers has a line; whoever stands first is served first,
 * as soon as something comes: a message was sent, one became visible again, or its time has come.
 *
 *     waiting ──taking──▶ served
 *        │        └─────▶ waiting (nothing was there)
 *        ├── time over ─▶ served with nothing
 *        └── went away ─▶ gone; what was taken for it meanwhile is given back
 */
import type { Cancel, Clock } from '#platform';
import type { SqsLimits } from './limits.ts';

export interface Waited<Taken> {
  /** Takes what is there; empty when there is nothing. */
  take(): Promise<readonly Taken[]>;
  /** What was taken and has nobody to go to. */
  giveBack(taken: readonly Taken[]): void;
}

/** Until the next look for a message that is visible and was not given. */
const unclaimedMs = 50;

interface Waiter {
  /** Whether something was there and has been handed over. */
  serve(): Promise<boolean>;
  fail(error: unknown): void;
  isDone: boolean;
}

interface Line {
  readonly inGroups: boolean;
  readonly waiters: Set<Waiter>;
  /** Receivers that look for the first time, and may stand in line next. */
  looking: number;
  /** How often something came. */
  strokes: number;
  /** Something came that no waiter has looked for yet. */
  rung: boolean;
  serving: boolean;
  cancelTimer: Cancel | undefined;
}

export class WaitingRoom {
  readonly #clock: Clock;
  readonly #limits: SqsLimits;
  readonly #nextVisibleMs: (stored: string, inGroups: boolean) => Promise<number | undefined>;
  readonly #lines = new Map<string, Line>();
  readonly #closing = new Set<() => void>();
  #waiting = 0;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly limits: SqsLimits;
    readonly nextVisibleMs: (stored: string, inGroups: boolean) => Promise<number | undefined>;
  }) {
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#nextVisibleMs = options.nextVisibleMs;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Something came to the queue, or may be received again. Costs a look-up where nobody waits. */
  ring(stored: string): void {
    const line = this.#lines.get(stored);
    if (line === undefined) return;
    line.strokes += 1;
    line.rung = true;
    void this.#serve(stored, line);
  }

  /**
   * Waits at most `waitMs` for something to take. Empty when nothing came, the client went away, or this is closing; `full` where too many
   * wait already.
   */
  async wait<Taken>(
    queue: { readonly stored: string; readonly inGroups: boolean },
    waited: Waited<Taken>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly Taken[] | 'full'> {
    const { stored, inGroups } = queue;
    const line = this.#lineOf(stored, inGroups);
    const { strokes } = line;
    line.looking += 1;
    try {
      const taken = await waited.take();
      if (signal.aborted) {
        waited.giveBack(taken);
        return [];
      }
      if (taken.length > 0 || waitMs <= 0 || this.#closed) return taken;
      if (this.#waiting >= this.#limits.waitersMax) return 'full';
      // What came during the look was perhaps too late for it.
      if (line.strokes !== strokes) line.rung = true;
      return await this.#stand(stored, line, waited, waitMs, signal);
    } finally {
      line.looking -= 1;
      this.#tidy(stored, line);
    }
  }

  /** Everybody who waits gets nothing, now and from now on. */
  close(): void {
    this.#closed = true;
    for (const end of this.#closing) end();
  }

  async #stand<Taken>(
    stored: string,
    line: Line,
    waited: Waited<Taken>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly Taken[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Taken[]>();
    const waiter: Waiter = {
      isDone: false,
      fail: reject,
      async serve() {
        const taken = await waited.take();
        if (taken.length === 0) return false;
        if (waiter.isDone) waited.giveBack(taken);
        else {
          waiter.isDone = true;
          resolve(taken);
        }
        return true;
      },
    };
    const end = (): void => {
      waiter.isDone = true;
      resolve([]);
    };
    const cancelTimer = this.#clock.after(waitMs, end);
    signal.addEventListener('abort', end, { once: true });
    this.#closing.add(end);
    this.#waiting += 1;
    line.waiters.add(waiter);
    void this.#serve(stored, line);
    try {
      return await promise;
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', end);
      this.#closing.delete(end);
      this.#waiting -= 1;
      waiter.isDone = true;
      line.waiters.delete(waiter);
    }
  }

  #lineOf(stored: string, inGroups: boolean): Line {
    let line = this.#lines.get(stored);
    if (line === undefined) {
      line = {
        inGroups,
        waiters: new Set(),
        looking: 0,
        strokes: 0,
        rung: false,
        serving: false,
        cancelTimer: undefined,
      };
      this.#lines.set(stored, line);
    }
    return line;
  }

  #tidy(stored: string, line: Line): void {
    if (line.waiters.size > 0 || line.looking > 0) return;
    line.cancelTimer?.();
    this.#lines.delete(stored);
  }

  async #serve(stored: string, line: Line): Promise<void> {
    if (line.serving) return;
    line.serving = true;
    try {
      do {
        await this.#serveAll(line);
        if (line.waiters.size > 0) await this.#setTimer(stored, line);
        // Rung again while the timer was being set.
      } while (line.rung && line.waiters.size > 0);
    } finally {
      line.serving = false;
    }
  }

  async #serveAll(line: Line): Promise<void> {
    let atOnce = 1;
    while (line.rung && line.waiters.size > 0) {
      line.rung = false;
      const next = [...line.waiters].filter(({ isDone }) => !isDone).slice(0, atOnce);
      const served = await Promise.all(next.map(serveOne));
      if (served.length === 0 || !served.every(Boolean)) continue;
      // As long as all get something, there may be more for those behind them.
      line.rung = true;
      atOnce = Math.min(atOnce * 2, this.#limits.takesAtOnceMax);
    }
  }

  async #setTimer(stored: string, line: Line): Promise<void> {
    line.cancelTimer?.();
    const { recheckMs } = this.#limits;
    const dueMs = await this.#nextVisibleMs(stored, line.inGroups).catch(() => undefined);
    if (line.waiters.size === 0) return;
    // What is there already, and was not given, is being taken by somebody else, or may not be given.
    const delayMs = Math.min(recheckMs, dueMs === 0 ? unclaimedMs : (dueMs ?? recheckMs));
    line.cancelTimer = this.#clock.after(delayMs, () => {
      line.rung = true;
      void this.#serve(stored, line);
    });
  }
}

async function serveOne(waiter: Waiter): Promise<boolean> {
  try {
    return await waiter.serve();
  } catch (error) {
    waiter.isDone = true;
    waiter.fail(error);
    return false;
  }
}
