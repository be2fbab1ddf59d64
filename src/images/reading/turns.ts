/**
 * Turns of fetches: so many at once, those that somebody waits for first. Fetches ahead have a few of the places, and only while nobody waits.
 *
 *     now   ──▶ running (runningMax) ◀── ahead, at most aheadMax of them
 *      └ waits (waitingMax)               └ waits, until somebody wants it now
 */
import { ChunkError } from '../chunks/errors.ts';

export interface TurnLimits {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly aheadMax: number;
  readonly aheadWaitingMax: number;
}

/** One fetch's place in the line. */
export interface Turn {
  /** Resolves when it is the fetch's turn. Rejects with a ChunkError `overloaded`. */
  readonly begun: Promise<void>;
  /** Somebody waits for it now. */
  hurry(): void;
  end(): void;
}

interface Waiting {
  ahead: boolean;
  begin: () => void;
  refuse: (error: ChunkError) => void;
}

export class Turns {
  readonly #limits: TurnLimits;
  readonly #now = new Set<Waiting>();
  readonly #ahead = new Set<Waiting>();
  #running = 0;
  #runningAhead = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  take(ahead: boolean): Turn {
    const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
    let state: 'waiting' | 'running' | 'over' = 'waiting';
    const turn: Waiting = {
      ahead,
      begin: () => {
        state = 'running';
        this.#running += 1;
        if (turn.ahead) this.#runningAhead += 1;
        resolve();
      },
      refuse: (error) => {
        state = 'over';
        reject(error);
      },
    };
    this.#line(turn);
    this.#next();
    return {
      begun,
      hurry: () => {
        if (!turn.ahead) return;
        if (state === 'running') this.#runningAhead -= 1;
        turn.ahead = false;
        if (this.#ahead.delete(turn)) this.#line(turn);
        this.#next();
      },
      end: () => {
        if (state === 'running') {
          this.#running -= 1;
          if (turn.ahead) this.#runningAhead -= 1;
        }
        state = 'over';
        this.#next();
      },
    };
  }

  #line(turn: Waiting): void {
    const [line, max] = turn.ahead
      ? [this.#ahead, this.#limits.aheadWaitingMax]
      : [this.#now, this.#limits.waitingMax];
    const { runningMax, aheadMax } = this.#limits;
    const isNext = this.#running < runningMax && (!turn.ahead || this.#runningAhead < aheadMax);
    if (line.size >= max && !isNext)
      turn.refuse(new ChunkError('overloaded', 'too many chunks are being read'));
    else line.add(turn);
  }

  #next(): void {
    while (this.#running < this.#limits.runningMax) {
      const [now] = this.#now;
      const [ahead] = this.#runningAhead < this.#limits.aheadMax ? this.#ahead : [];
      const next = now ?? ahead;
      if (next === undefined) return;
      (next.ahead ? this.#ahead : this.#now).delete(next);
      next.begin();
    }
  }
}
