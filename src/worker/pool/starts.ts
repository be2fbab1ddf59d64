/**
 * Starts in line: a burst of creations must not have the host start a hundred processes at once, where each would take a hundred times as
 * long. First come, first served; a start gives its place on when its process has settled, or after a time, whatever it does then.
 */
import type { Clock } from '#platform';

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
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, limits: StartsLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Whether nothing is being started or waits to be. */
  get quiet(): boolean {
    return this.#running === 0;
  }

  /** Waits for a place. Undefined: the line is full. */
  async enter(): Promise<Settle | undefined> {
    if (this.#running >= this.#limits.parallelMax) {
      if (this.#waiting.length >= this.#limits.queuedMax) return undefined;
      await new Promise<void>((go) => this.#waiting.push(go)); // the place is handed over, not given back
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
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    };
    const cancel = this.#clock.after(this.#limits.holdMs, settle);
    return settle;
  }
}
