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

export interface Assignment {
  /** Gets an idle environment of exactly this generation of the version (the most recently used one), or starts one. */
  assign(version: VersionRecord): Promise<Assigned>;
  /** Takes what a worker reports about its environments. */
  workerEvent(workerId: string, event: WorkerEvent): void;
  /** No invoke may get an environment of `generation` any more: idle ones stop now, busy ones after their invoke. */
  retire(generation: string): void;
}
