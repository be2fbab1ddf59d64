/**
 * Starts in line: a burst of creations must not have the host start a hundred processes at once, where each would take a hundred times as
 * long. The functions take turns (`fair-line.ts`); a start gives its place on when its process has settled, or after a time, whatever it does
 * then, so a worker starts at most `parallelMax` processes per `holdMs` that take longer than that.
 */
import type { Clock } from '#platform';
import { FairLine } from './fair-line.ts';

export interface StartsLimits {
  readonly parallelMax: number;
  readonly queuedMax: number;
  readonly holdMs: number;
}

/** Gives the place to the next in line; calling it again does nothing. */
export type Settle = () => void;

export class Starts {
  readonly #clock: Clock;
  readonly #limits: StartsLimits;
  #running = 0;
  readonly #waiting: FairLine<(goes: boolean) => void>;

  constructor(clock: Clock, limits: StartsLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#waiting = new FairLine(limits.queuedMax);
  }

  /** Whether nothing is being started or waits to be. */
  get quiet(): boolean {
    return this.#running === 0;
  }

  /** Waits for a place. Undefined: the line is full, and the function has no fewer in it than others. */
  async enter(functionName: string): Promise<Settle | undefined> {
    if (this.#running >= this.#limits.parallelMax) {
      // The place is handed over, not given back.
      const goes = await new Promise<boolean>((go) => this.#waiting.join(functionName, go)?.(false));
      if (!goes) return undefined;
    } else {
      this.#running += 1;
    }
    return this.#place();
  }

  #place(): Settle {
    let held = true;
    const settle = (): void => {
      if (!held) return;
      held = false;
      cancel();
      const next = this.#waiting.next();
      if (next === undefined) this.#running -= 1;
      else next(true);
    };
    const cancel = this.#clock.after(this.#limits.holdMs, settle);
    return settle;
  }
}
