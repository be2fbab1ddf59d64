/** The interface and messages of counting. */

/** AWS's `Reason` of a TooManyRequestsException. */
export type ThrottleReason =
  | 'ConcurrentInvocationLimitExceeded'
  | 'FunctionInvocationRateLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionInvocationRateLimitExceeded';

export interface Granted {
  readonly kind: 'granted';
  /** The slot is one of those that provisioned concurrency sets apart for the version. */
  readonly isProvisioned: boolean;
}

export type Admission =
  | Granted
  | { readonly kind: 'throttled'; readonly reason: ThrottleReason; readonly retryAfterSeconds: number };

export interface SlotRequest {
  readonly accountId: string;
  /** Unqualified function name: reserved concurrency belongs to the function, not to a version. */
  readonly functionName: string;
  /** undefined: the function shares the account's unreserved concurrency. */
  readonly reservedConcurrency: number | undefined;
  /** The version that will run: it may have slots of its own. */
  readonly version: string;
}

export interface Counting {
  /** Takes a slot for one invoke; every granted slot must be given back with `release`, as it was granted. */
  acquire(request: SlotRequest): Promise<Admission>;
  release(request: SlotRequest, granted: Granted): void;
  /** Asks for the right to start one new environment of the function (1,000 per 10 s, refilled continuously). */
  admitEnvironment(accountId: string, functionName: string): Promise<Admission>;
  /**
   * What a function reserves (undefined: nothing, or the function is gone). Every reservation narrows what other functions may use from
   * this moment on, before the function's first invoke tells it too.
   */
  setReservation(accountId: string, functionName: string, reservedConcurrency: number | undefined): void;
  /**
   * How much provisioned concurrency a version has (0: none any more). It is taken from the function's reservation, else from what the
   * account's functions share; the version's invokes beyond it count like any others.
   */
  setProvisioned(accountId: string, functionName: string, version: string, provisioned: number): void;
}
