/**
 * How many events a poller may have in work at once. Pure.
 *
 * It starts with few and grows by a tenth at a time while all slots are taken and more waits; it shrinks by a third when the process comes late to its
 * own timers, which is when somebody waits for the processor, and that may be a synchronous invoke. While many events are coming in at once it
 * hardly grows: to take them is what somebody waits for, and every slot more may start an execution environment. So a flood of events takes
 * what is left over, and functions that only wait (for a network, for sleep) still run in large numbers.
 */
import { paceFloodGrowth, paceGrowth, paceLateMsMax, paceShrink } from './limits.ts';

interface Observation {
  readonly lateMs: number;
  readonly wanted: boolean;
  readonly flooded: boolean;
}

export class Pace {
  readonly #slotsMin: number;
  readonly #slotsMax: number;
  #slots: number;

  constructor(slotsMin: number, slotsMax: number) {
    this.#slotsMin = slotsMin;
    this.#slotsMax = slotsMax;
    this.#slots = slotsMin;
  }

  get slots(): number {
    return Math.floor(this.#slots);
  }

  /** `lateMs`: by how much a timer was late. `wanted`: more waits than there are slots. `flooded`: many events are coming in. */
  observe({ lateMs, wanted, flooded }: Observation): number {
    if (lateMs > paceLateMsMax) this.#slots = Math.max(this.#slotsMin, this.#slots * paceShrink);
    else if (wanted) this.#slots = Math.min(this.#slotsMax, this.#grown(flooded));
    return this.slots;
  }

  #grown(flooded: boolean): number {
    if (flooded) return this.#slots + paceFloodGrowth;
    return Math.max(this.#slots + 1, this.#slots * paceGrowth);
  }
}
