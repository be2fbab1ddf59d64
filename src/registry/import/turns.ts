/** A bounded number at once, and a bounded number that wait, in order. */

export class Turns {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(atOnceMax: number, waitingMax: number) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
  }

  /** Resolves with what gives the turn back. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<'full' | (() => void)> {
    signal.throwIfAborted();
    if (this.#running >= this.#atOnceMax) {
      if (this.#waiting.size >= this.#waitingMax) return 'full';
      await this.#wait(signal);
    } else {
      this.#running += 1;
    }
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      const [next] = this.#waiting;
      // The turn passes on, so the number that run stays.
      if (next === undefined) this.#running -= 1;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.#waiting.delete(start);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(start);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(start);
    });
  }
}
