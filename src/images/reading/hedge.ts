/**
 * Hedged requests: when an answer takes longer than almost all of the last ones did, the same is asked a second time, and the first good answer
 * counts. A budget keeps the second ones to a small part of all, so that a store which is slow for everybody is not asked twice as much.
 * Source: Dean and Barroso, "The tail at scale", CACM 56 (2), 2013.
 */
import type { Clock } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { hedgeLimits } from '../limits.ts';

export interface HedgeCounts {
  /** Requests that were made a second time. */
  readonly hedged: number;
  /** Those whose second answer came first. */
  readonly won: number;
}

export class Hedge {
  readonly #clock: Clock;
  /** The last ones that were answered, as a ring. */
  readonly #latenciesMs: number[] = [];
  #answered = 0;
  #slowMs: number = hedgeLimits.slowMsAtFirst;
  #budget = 1;
  #hedged = 0;
  #won = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get counts(): HedgeCounts {
    return { hedged: this.#hedged, won: this.#won };
  }

  /** Rejects when all that was asked failed, or with a ChunkError `unavailable` when no answer comes in time. */
  run<T>(ask: () => Promise<T>): Promise<T> {
    this.#budget = Math.min(hedgeLimits.budgetMax, this.#budget + hedgeLimits.extraShare);
    return new Promise((resolve, reject) => {
      let asked = 0;
      let failed = 0;
      let over = false;
      const attempt = (isSecond: boolean): void => {
        asked += 1;
        const startMs = this.#clock.monotonicMs();
        ask().then(
          (value) => {
            this.#learn(this.#clock.monotonicMs() - startMs);
            if (isSecond && !over) this.#won += 1;
            settle(() => resolve(value));
          },
          (error: unknown) => {
            failed += 1;
            if (failed === asked) settle(() => reject(error));
          },
        );
      };
      const settle = (end: () => void): void => {
        over = true;
        cancelHedge();
        cancelLate();
        end();
      };
      const cancelHedge = this.#clock.after(this.#slowMs, () => {
        if (this.#budget < 1) return;
        this.#budget -= 1;
        this.#hedged += 1;
        attempt(true);
      });
      const cancelLate = this.#clock.after(hedgeLimits.answerMsMax, () =>
        settle(() => reject(new ChunkError('unavailable', 'the store does not answer in time'))),
      );
      attempt(false);
    });
  }

  #learn(latencyMs: number): void {
    this.#latenciesMs[this.#answered % hedgeLimits.window] = latencyMs;
    this.#answered += 1;
    if (this.#answered % hedgeLimits.learnEvery !== 0) return;
    const sorted = this.#latenciesMs.toSorted((left, right) => left - right);
    const slow = sorted[Math.floor(sorted.length * hedgeLimits.slowShare)] ?? 0;
    this.#slowMs = slow + hedgeLimits.slowerMs;
  }
}
