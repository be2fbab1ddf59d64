/**
 * Target tracking, pure: from how much of what is provisioned was in use, minute by minute, to how much should be provisioned.
 *
 *     three minutes in a row above the target ─▶ out, at once to what the use calls for
 *     fifteen minutes in a row below nine tenths of it ─▶ in, a tenth at a time, and one at least
 *
 * Three and fifteen minutes are what the alarms have that AWS makes for such a policy.
 */
import { inMinutes, inShare, inStepShare, outMinutes, windowMs } from './limits.ts';

export interface TrackingTerms {
  /** Of use: 0.7 for 70 percent. */
  readonly target: number;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly scaleOutCooldownMs: number;
  readonly scaleInCooldownMs: number;
  readonly mayScaleOut: boolean;
  readonly mayScaleIn: boolean;
}

export interface Decision {
  readonly direction: 'out' | 'in';
  readonly capacity: number;
  /** What was seen last. */
  readonly use: number;
}

export class Tracking {
  /** Averages of the last minutes, the newest last. */
  #minutes: number[] = [];
  #sum = 0;
  #samples = 0;
  #windowEndMs: number | undefined;
  #outAtMs = -Infinity;
  #inAtMs = -Infinity;

  /** `use` of a moment; undefined: there was nothing to use. Monotonic ms. */
  observe(use: number | undefined, nowMs: number): void {
    this.#windowEndMs ??= nowMs + windowMs;
    if (use !== undefined) {
      this.#sum += use;
      this.#samples += 1;
    }
  }

  /** To be asked after each `observe`: says something only at the end of a minute. */
  decide(capacity: number, terms: TrackingTerms, nowMs: number): Decision | undefined {
    if (this.#windowEndMs === undefined || nowMs < this.#windowEndMs) return undefined;
    this.#windowEndMs = nowMs + windowMs;
    // A minute without anything to use is no minute in a row.
    if (this.#samples === 0) this.#minutes = [];
    else this.#minutes = [...this.#minutes, this.#sum / this.#samples].slice(-inMinutes);
    this.#sum = 0;
    this.#samples = 0;
    return this.#out(capacity, terms, nowMs) ?? this.#in(capacity, terms, nowMs);
  }

  #out(capacity: number, terms: TrackingTerms, nowMs: number): Decision | undefined {
    const last = this.#minutes.slice(-outMinutes);
    const use = last.at(-1);
    if (use === undefined || last.length < outMinutes || !last.every((each) => each > terms.target))
      return undefined;
    if (!terms.mayScaleOut || nowMs < this.#outAtMs + terms.scaleOutCooldownMs) return undefined;
    const wanted = Math.min(
      terms.maxCapacity,
      Math.max(capacity + 1, Math.ceil((capacity * use) / terms.target)),
    );
    if (wanted <= capacity) return undefined;
    this.#outAtMs = nowMs;
    this.#minutes = [];
    return { direction: 'out', capacity: wanted, use };
  }

  #in(capacity: number, terms: TrackingTerms, nowMs: number): Decision | undefined {
    const { target } = terms;
    const use = this.#minutes.at(-1);
    if (use === undefined || this.#minutes.length < inMinutes) return undefined;
    if (!this.#minutes.every((each) => each < target * inShare)) return undefined;
    const isCool = nowMs >= Math.max(this.#inAtMs, this.#outAtMs) + terms.scaleInCooldownMs;
    if (!terms.mayScaleIn || !isCool) return undefined;
    const step = Math.max(1, Math.floor(capacity * inStepShare));
    const needed = Math.ceil((capacity * Math.max(...this.#minutes)) / target);
    const wanted = Math.max(terms.minCapacity, capacity - step, needed);
    if (wanted >= capacity) return undefined;
    this.#inAtMs = nowMs;
    return { direction: 'in', capacity: wanted, use };
  }
}
