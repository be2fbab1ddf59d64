/** Whether a node is worth asking: one that failed several times in a row is left alone for a while, so that nobody waits for it. */
import { zoneLimits } from '../limits.ts';

export class NodeHealth {
  #failures = 0;
  #restUntilMs = -Infinity;

  isResting(nowMs: number): boolean {
    return nowMs < this.#restUntilMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#restUntilMs = -Infinity;
  }

  /** After a rest one failure is enough for the next one. */
  failed(nowMs: number): void {
    this.#failures += 1;
    if (this.#failures >= zoneLimits.failuresMax) this.#restUntilMs = nowMs + zoneLimits.restMs;
  }
}
