/**
 * The deciding core of counting for one account: who may start now, in constant time.
 *
 *     account limit
 *     ├── unreserved pool      every function without a reservation
 *     └── per function         its reservation: its invokes count against it only
 *         └── per version      its provisioned slots, out of the reservation or else out of the unreserved pool
 *
 * Invariants, for any order of calls:
 * - slots in use never exceed the account's limit, nor a reservation's (unless that limit is lowered below what is in use);
 * - what is provisioned for a version is used by its own invokes only, and taken from its function's reservation where it has one;
 * - unreserved slots in use never exceed the limit less every reservation (or what still runs under it, if that is more);
 * - a slot is given back to where it was taken, and nothing goes below zero.
 */
import { assert } from '#lib/assert';
import { TokenBucket } from '#lib/token-bucket';
import type { Rate } from '#lib/token-bucket';
import type { Admission, ThrottleReason } from './counting.ts';
import {
  environmentsBurstMax,
  environmentsRefillMs,
  functionsSweptPerNew,
  functionsTrackedMax,
  invokesPerSecondPerConcurrency,
  retryAfterSecondsMin,
} from './limits.ts';
import { ProvisionedSlots } from './provisioned-slots.ts';

interface FunctionUse {
  reservation: number | undefined;
  /** Slots taken under a reservation; they are given back as such even when the reservation is gone meanwhile. */
  reservedInUse: number;
  /** Since the first reservation of more than 0: a function that was switched off has its whole rate when it is switched on again. */
  invokes: TokenBucket | undefined;
  readonly environments: TokenBucket;
  readonly provisioned: ProvisionedSlots;
}

/** For tests and for people. */
export interface Usage {
  readonly unreservedInUse: number;
  readonly reservedInUse: number;
  readonly provisionedInUse: number;
  readonly unreservedLimit: number;
  readonly functionsTracked: number;
}

const granted: Admission = { kind: 'granted', isProvisioned: false };
const grantedProvisioned: Admission = { kind: 'granted', isProvisioned: true };
const environmentsRate: Rate = {
  capacity: environmentsBurstMax,
  refillPerSecond: environmentsBurstMax / (environmentsRefillMs / 1_000),
};

export class AccountCount {
  #limit: number;
  #unreservedInUse = 0;
  #reservedInUse = 0;
  #provisionedInUse = 0;
  /** Sum over functions of the greater of reservation and slots in use or set apart: what unreserved invokes must leave alone. */
  #withheld = 0;
  /** How many functions have a reservation: while none has, an unreserved invoke looks up nothing. */
  #reservations = 0;
  /** How many functions have provisioned slots, or such slots in use: while none has, no invoke looks for them. */
  #provisioning = 0;
  readonly #invokes: TokenBucket;
  readonly #functions = new Map<string, FunctionUse>();

  constructor(concurrencyLimit: number, nowMs: number) {
    this.#limit = concurrencyLimit;
    this.#invokes = new TokenBucket(invokesRate(concurrencyLimit), nowMs);
  }

  setLimit(concurrencyLimit: number, nowMs: number): void {
    this.#limit = concurrencyLimit;
    this.#invokes.setRate(nowMs, invokesRate(concurrencyLimit));
  }

  /** `reservation` undefined: the function shares the account's unreserved concurrency. */
  setReservation(functionName: string, reservation: number | undefined, nowMs: number): void {
    const known = this.#functions.get(functionName);
    if (known?.reservation === reservation) return;
    const use = known ?? this.#track(functionName, nowMs);
    if (use === undefined) return; // the bound is reached: the reservation still holds for each invoke that carries it
    this.#reservations += (reservation === undefined ? 0 : 1) - (use.reservation === undefined ? 0 : 1);
    this.#withheld -= withheldBy(use);
    use.reservation = reservation;
    this.#withheld += withheldBy(use);
    if (reservation === undefined) return;
    if (reservation === 0) use.invokes = undefined;
    else if (use.invokes === undefined) use.invokes = new TokenBucket(invokesRate(reservation), nowMs);
    else use.invokes.setRate(nowMs, invokesRate(reservation));
  }

  /** `provisioned` of the function's version, out of its reservation, or out of what is shared where it has none. */
  setProvisioned(functionName: string, version: string, provisioned: number, nowMs: number): void {
    const known = this.#functions.get(functionName);
    if (known === undefined && provisioned === 0) return;
    const use = known ?? this.#track(functionName, nowMs);
    if (use !== undefined) this.#changeProvisioned(use, () => use.provisioned.set(version, provisioned));
  }

  acquire(
    functionName: string,
    reservation: number | undefined,
    nowMs: number,
    version = '$LATEST',
  ): Admission {
    if (this.#provisioning > 0) {
      const taken = this.#acquireProvisioned(functionName, reservation, version, nowMs);
      if (taken !== undefined) return taken;
    }
    if (reservation !== undefined) return this.#acquireReserved(functionName, reservation, nowMs);
    if (this.#reservations > 0) this.setReservation(functionName, undefined, nowMs);
    if (this.#unreservedInUse >= this.#limit - this.#withheld || this.#inUse >= this.#limit) {
      return throttled('ConcurrentInvocationLimitExceeded', 0);
    }
    if (!this.#invokes.take(nowMs)) {
      return throttled('FunctionInvocationRateLimitExceeded', this.#invokes.waitMs(nowMs));
    }
    this.#unreservedInUse += 1;
    return granted;
  }

  /** Gives back a slot; `reservation` as it was given to `acquire`, `provisioned` the version where it was one of its own. */
  release(functionName: string, reservation: number | undefined, provisioned?: string): void {
    if (provisioned !== undefined) {
      const use = this.#functions.get(functionName);
      assert(use !== undefined, 'a provisioned slot was given back that was not taken');
      this.#changeProvisioned(use, () => use.provisioned.giveBack(provisioned));
      this.#provisionedInUse -= 1;
      return;
    }
    if (reservation === undefined) {
      assert(this.#unreservedInUse > 0, 'a slot was given back that was not taken');
      this.#unreservedInUse -= 1;
      return;
    }
    const use = this.#functions.get(functionName);
    assert(use !== undefined && use.reservedInUse > 0, 'a reserved slot was given back that was not taken');
    this.#withheld -= withheldBy(use);
    use.reservedInUse -= 1;
    this.#reservedInUse -= 1;
    this.#withheld += withheldBy(use);
  }

  admitEnvironment(functionName: string, nowMs: number): Admission {
    const use = this.#functions.get(functionName) ?? this.#track(functionName, nowMs);
    if (use === undefined) return throttled('ConcurrentInvocationLimitExceeded', 0);
    if (use.environments.take(nowMs)) return granted;
    // AWS's model has no reason of its own for the scaling rate.
    return throttled('ConcurrentInvocationLimitExceeded', use.environments.waitMs(nowMs));
  }

  usage(): Usage {
    return {
      unreservedInUse: this.#unreservedInUse,
      reservedInUse: this.#reservedInUse,
      provisionedInUse: this.#provisionedInUse,
      unreservedLimit: Math.max(0, this.#limit - this.#withheld),
      functionsTracked: this.#functions.size,
    };
  }

  get #inUse(): number {
    return this.#unreservedInUse + this.#reservedInUse + this.#provisionedInUse;
  }

  /** Undefined where the version has no such slot free: then it is an invoke like any other. */
  #acquireProvisioned(
    functionName: string,
    reservation: number | undefined,
    version: string,
    nowMs: number,
  ): Admission | undefined {
    const use = this.#functions.get(functionName);
    if (use === undefined || !use.provisioned.hasRoom(version) || reservation === 0) return undefined;
    if (this.#inUse >= this.#limit) return throttled('ConcurrentInvocationLimitExceeded', 0);
    this.setReservation(functionName, reservation, nowMs);
    const invokes = use.invokes ?? this.#invokes;
    if (!invokes.take(nowMs)) {
      const reason =
        reservation === undefined
          ? 'FunctionInvocationRateLimitExceeded'
          : 'ReservedFunctionInvocationRateLimitExceeded';
      return throttled(reason, invokes.waitMs(nowMs));
    }
    this.#changeProvisioned(use, () => use.provisioned.take(version));
    this.#provisionedInUse += 1;
    return grantedProvisioned;
  }

  #changeProvisioned(use: FunctionUse, change: () => void): void {
    this.#withheld -= withheldBy(use);
    this.#provisioning -= use.provisioned.isEmpty ? 0 : 1;
    change();
    this.#withheld += withheldBy(use);
    this.#provisioning += use.provisioned.isEmpty ? 0 : 1;
  }

  #acquireReserved(functionName: string, reservation: number, nowMs: number): Admission {
    this.setReservation(functionName, reservation, nowMs);
    const use = this.#functions.get(functionName);
    if (use === undefined || use.reservedInUse >= reservation - use.provisioned.held) {
      return throttled('ReservedFunctionConcurrentInvocationLimitExceeded', 0);
    }
    if (this.#inUse >= this.#limit) {
      return throttled('ConcurrentInvocationLimitExceeded', 0);
    }
    assert(use.invokes !== undefined, 'a reservation comes with its rate');
    if (!use.invokes.take(nowMs)) {
      return throttled('ReservedFunctionInvocationRateLimitExceeded', use.invokes.waitMs(nowMs));
    }
    this.#withheld -= withheldBy(use);
    use.reservedInUse += 1;
    this.#reservedInUse += 1;
    this.#withheld += withheldBy(use);
    return granted;
  }

  /** Begins to remember a function; undefined when as many as may be are remembered already, and none of those looked at is idle. */
  #track(functionName: string, nowMs: number): FunctionUse | undefined {
    this.#sweep(nowMs);
    if (this.#functions.size >= functionsTrackedMax) return undefined;
    const use: FunctionUse = {
      reservation: undefined,
      reservedInUse: 0,
      invokes: undefined,
      environments: new TokenBucket(environmentsRate, nowMs),
      provisioned: new ProvisionedSlots(),
    };
    this.#functions.set(functionName, use);
    return use;
  }

  /** Looks at the functions that were looked at longest ago: forgetting those that a new entry would equal. */
  #sweep(nowMs: number): void {
    let looks = functionsSweptPerNew;
    for (const [functionName, use] of this.#functions) {
      if (looks === 0) return;
      looks -= 1;
      this.#functions.delete(functionName);
      if (!isIdle(use, nowMs)) this.#functions.set(functionName, use);
    }
  }
}

function isIdle(use: FunctionUse, nowMs: number): boolean {
  return (
    use.reservation === undefined &&
    use.reservedInUse === 0 &&
    use.provisioned.isEmpty &&
    use.environments.available(nowMs) >= environmentsBurstMax
  );
}

function invokesRate(concurrency: number): Rate {
  const perSecond = concurrency * invokesPerSecondPerConcurrency;
  return { capacity: perSecond, refillPerSecond: perSecond };
}

function withheldBy(use: FunctionUse): number {
  return Math.max(use.reservation ?? 0, use.reservedInUse + use.provisioned.held);
}

function throttled(reason: ThrottleReason, waitMs: number): Admission {
  const seconds = Number.isFinite(waitMs) ? Math.ceil(waitMs / 1_000) : 0;
  return { kind: 'throttled', reason, retryAfterSeconds: Math.max(retryAfterSecondsMin, seconds) };
}
