/** What auto scaling needs of those who have the capacity that it sets. */

/** What a version or alias has provisioned. */
export interface CapacityState {
  readonly requested: number;
  /** Environments that are ready, and those of them that have an invoke. */
  readonly available: number;
  readonly busy: number;
}

export interface ScaledFunction {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version number or an alias. */
  readonly qualifier: string;
}

/** The provisioned concurrency of versions and aliases. */
export interface Capacity {
  /** Undefined: nothing is provisioned for it. */
  read(target: ScaledFunction): Promise<CapacityState | undefined>;
  /** Rejects with an error whose message says why it cannot be. 0: none any more. */
  set(target: ScaledFunction, capacity: number): Promise<void>;
}
