/** Lets at most so many works run at once; the others wait, in their order. */
import { assert } from '#lib/assert';

export class Turns {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Without a `waitingMax` any number may wait: whoever asks has a bound of their own. */
  constructor(runningMax: number, waitingMax = Number.POSITIVE_INFINITY) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  /** As many run and wait as may: `run` must not be called now. */
  get isFull(): boolean {
    return this.#running >= this.#runningMax && this.#waiting.length >= this.#waitingMax;
  }

  /** What `work` resolves or rejects with, once its turn has come and it has run. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.isFull, 'whoever bounds how many wait looks first');
    if (this.#running < this.#runningMax) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Who leaves hands the place on.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
