/** Where an image stands, for the program that serves it and has no documents: it asks now and then, and goes on with what it knows meanwhile. */
import type { Clock } from '#platform';
import { rootsFreshMs } from '../limits.ts';
import type { Place } from '../roots/place.ts';

export class RemotePlace implements Place {
  readonly #ask: (again: boolean) => Promise<number | undefined>;
  readonly #clock: Clock;
  #root: number;
  #askedMs: number;

  /** `ask` resolves with undefined when it is not known now. */
  constructor(root: number, clock: Clock, ask: (again: boolean) => Promise<number | undefined>) {
    this.#root = root;
    this.#clock = clock;
    this.#ask = ask;
    this.#askedMs = clock.monotonicMs();
  }

  /** Asking also tells that the image is read, which an expired root must hear of; no read waits for it. */
  async root(): Promise<number> {
    if (this.#clock.monotonicMs() - this.#askedMs >= rootsFreshMs) {
      this.#askedMs = this.#clock.monotonicMs();
      void this.#learn(false);
    }
    return this.#root;
  }

  async follow(): Promise<number> {
    await this.#learn(true);
    return this.#root;
  }

  async #learn(again: boolean): Promise<void> {
    this.#root = (await this.#ask(again)) ?? this.#root;
  }
}
