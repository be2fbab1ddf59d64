/**
 * What is kept ready of one pool: how many environments are wanted, how many there are, and what became of the last starts. Pure
 * bookkeeping; `state-keeping.ts` acts on it.
 *
 *     wanted = ready + starting + missing        ready = idle ones that are kept + busy ones
 */
import type { ProvisionedStatus } from './assignment.ts';
import { keepFailuresMax, keepRetryMsMax, keepRetryMsMin, youngMs } from './limits.ts';

export class Provision {
  /** 0 until somebody says so: environments of an earlier leader are then idle like any others. */
  wanted = 0;
  isKnown = false;
  /** Of the environments started for this purpose: those that take invokes, and those on the way. */
  ready = 0;
  starting = 0;
  /** Not before: monotonic ms. */
  retryAtMs = -Infinity;
  /** Set while the last starts have failed too often; why. */
  failure: string | undefined = undefined;
  /** Whether as many as wanted were ready at once, since that number was set. */
  #reached = false;
  #failures = 0;
  #deaths = 0;
  #invocations = 0;
  #spillovers = 0;

  get missing(): number {
    return Math.max(0, this.wanted - this.ready - this.starting);
  }

  get surplus(): number {
    return Math.max(0, this.ready + this.starting - this.wanted);
  }

  want(count: number): void {
    if (count > this.ready) this.#reached = false;
    this.wanted = count;
    this.isKnown = true;
    this.retryAtMs = -Infinity;
    this.failure = undefined;
    this.#failures = 0;
    this.#deaths = 0;
    this.#look();
  }

  /** A start has ended well. */
  succeeded(): void {
    this.#failures = 0;
    this.failure = undefined;
    this.#look();
  }

  /** A start has failed. A version of which nothing has ever started has failed at once where it is its own fault. */
  failed(reason: string, isOwnFault: boolean, nowMs: number): void {
    this.#failures += 1;
    if (this.#failures >= keepFailuresMax || (isOwnFault && this.ready === 0)) this.failure = reason;
    this.#putOff(this.#failures, nowMs);
  }

  /** One that was ready is gone. Those that die young, again and again, are replaced ever more slowly. `ageMs`: Infinity for one that was well. */
  died(ageMs: number, nowMs: number): void {
    this.#deaths = ageMs < youngMs ? this.#deaths + 1 : 0;
    // Nobody waits longer for the first replacement.
    if (this.#deaths > 1) this.#putOff(this.#deaths - 1, nowMs);
  }

  /** Counting does not admit another start for so long. */
  delay(delayMs: number, nowMs: number): void {
    this.retryAtMs = Math.max(this.retryAtMs, nowMs + delayMs);
  }

  /** An invoke got an environment: one that is kept ready, or another. */
  invoked(isKept: boolean): void {
    if (isKept) this.#invocations += 1;
    else this.#spillovers += 1;
  }

  status(idle: number): ProvisionedStatus {
    return {
      requested: this.wanted,
      available: this.ready,
      busy: this.ready - idle,
      ...(this.failure === undefined
        ? { kind: this.#reached ? 'ready' : 'in-progress' }
        : { kind: 'failed', reason: this.failure }),
      invocations: this.#invocations,
      spillovers: this.#spillovers,
    };
  }

  #look(): void {
    if (this.ready >= this.wanted) this.#reached = true;
  }

  #putOff(times: number, nowMs: number): void {
    this.retryAtMs = nowMs + Math.min(keepRetryMsMax, keepRetryMsMin * 2 ** Math.min(times - 1, 20));
  }
}
