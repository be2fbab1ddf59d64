/** A bell wakes one waiter. It rings once for any number of strokes, so a slow waiter costs no memory. */

export class Bell {
  #rung = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Makes this and every later wait throw. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  /** Forgets strokes so far: what they announced is about to be looked at. */
  muffle(): void {
    this.#rung = false;
  }

  /** Resolves at the next stroke, at once if there was one since the last `muffle`, or when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#rung && this.#failure === undefined && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      signal.removeEventListener('abort', wake);
      this.#wake = undefined;
    }
    if (this.#failure !== undefined && !signal.aborted) throw this.#failure;
    this.#rung = false;
  }
}
