/** The interface and messages of assignment. */
import type { ThrottleReason } from '#counting';
import type { VersionRecord } from '#metadata';
import type { WorkerEvent } from '#worker';

export type Assigned =
  /** The environment is the caller's for one invoke; it comes back with the worker's `idle` or `gone` event. */
  | { readonly kind: 'assigned'; readonly environmentId: string; readonly workerId: string }
  | { readonly kind: 'throttled'; readonly reason: ThrottleReason; readonly retryAfterSeconds: number }
  /** No environment can be had: no worker has room, or the partition's journal cannot be written. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** The version cannot start anywhere: `errorType` as AWS names it (`InvalidRuntime`, ...). */
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string }
  /** This generation serves no more: the version has changed, look it up again. */
  | { readonly kind: 'retired' };

/** What is kept ready of a version. */
export type ProvisionedStatus = {
  readonly requested: number;
  /** Environments that can take an invoke or have one. */
  readonly available: number;
  /** Those of them that have one. */
  readonly busy: number;
  /** Invokes that got such an environment, and those that got another one, since something is kept ready. */
  readonly invocations: number;
  readonly spillovers: number;
} & (
  | { readonly kind: 'in-progress' }
  /** As many as requested were there; what has died since is being replaced. */
  | { readonly kind: 'ready' }
  /** Starts fail again and again (they are still tried now and then). */
  | { readonly kind: 'failed'; readonly reason: string }
);

/** One version's part of what is kept ready: for metrics (invocations, spill-over, utilization = busy ÷ available). */
export interface ProvisionedUse {
  readonly version: VersionRecord;
  readonly status: ProvisionedStatus;
}

/** Provisioned concurrency: environments that are there before they are needed. */
export interface Provisioning {
  /** Keeps so many environments of the version ready from now on; 0: none. Asking again has failed starts tried again at once. */
  want(version: VersionRecord, count: number): void;
  /** Undefined: nothing is kept ready of this generation of the version. */
  provisioned(version: VersionRecord): Promise<ProvisionedStatus | undefined>;
  /** All that is kept ready here. Its counts begin anew when a version's provisioned concurrency is removed, and with each start. */
  provisionedUse(): Promise<readonly ProvisionedUse[]>;
}

export interface Assignment {
  /** Gets an idle environment of exactly this generation of the version (the most recently used one), or starts one. */
  assign(version: VersionRecord): Promise<Assigned>;
  /** Takes what a worker reports about its environments. */
  workerEvent(workerId: string, event: WorkerEvent): void;
  /** No invoke may get an environment of `generation` any more: idle ones stop now, busy ones after their invoke. */
  retire(generation: string): void;
}
