/**
 * Receive attempts: a client that never saw the answer asks again under the same id, and gets the same messages. For five minutes, as
 * long as none of them was deleted or became visible. Kept in memory: an attempt does not outlive the process.
 */
import { Lru } from '#lib/lru';
import type { Clock } from '#platform';
import { attemptMs } from './limits.ts';
import type { Delivery } from './reception.ts';

export class Attempts {
  readonly #clock: Clock;
  readonly #known: Lru<string, { readonly untilMs: number; readonly deliveries: readonly Delivery[] }>;

  constructor(clock: Clock, attemptsMax: number) {
    this.#clock = clock;
    this.#known = new Lru(attemptsMax);
  }

  find(queueId: string, attemptId: string): readonly Delivery[] | undefined {
    const known = this.#known.get(`${queueId} ${attemptId}`);
    return known === undefined || known.untilMs <= this.#clock.monotonicMs() ? undefined : known.deliveries;
  }

  keep(queueId: string, attemptId: string, deliveries: readonly Delivery[]): void {
    const untilMs = this.#clock.monotonicMs() + attemptMs;
    this.#known.set(`${queueId} ${attemptId}`, { untilMs, deliveries });
  }
}
