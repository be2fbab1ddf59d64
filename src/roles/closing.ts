/** What must be closed at the end, the last opened first; once, whoever asks. */

type Close = (graceMs: number) => void | Promise<void>;

export class Closing {
  readonly #steps: Close[] = [];
  #done: Promise<void> | undefined;

  add(step: Close): void {
    this.#steps.push(step);
  }

  /** `graceMs` is how long what still runs may go on. Every step is taken, also after one that failed; then the first failure is thrown. */
  close(graceMs: number): Promise<void> {
    this.#done ??= this.#close(graceMs);
    return this.#done;
  }

  async #close(graceMs: number): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await step(graceMs);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
