/** The interface and messages of placement. */
import type { VersionRecord } from '#metadata';

export type Placed =
  | { readonly kind: 'placed'; readonly workerId: string }
  /** Every worker that could take it has as much as it may have: there will be room when something ends. */
  | { readonly kind: 'full'; readonly message: string }
  /** No worker is there, or none that has not refused it. */
  | { readonly kind: 'nowhere'; readonly message: string };

/** What a worker offers. */
export interface WorkerCapacity {
  readonly workerId: string;
  readonly zone: string;
  /** Memory that environments may be configured for in total; more than the host has where overcommitting is meant. */
  readonly memoryMb: number;
  /** Environments at once. */
  readonly environmentsMax: number;
  /** A worker in this process lives as long as placement does; others prove it by heartbeats. */
  readonly liveness: 'in-process' | 'heartbeat';
}

export interface Placement {
  /** Chooses a worker for one more environment of `version` and counts it against that worker until `removed`. */
  place(version: VersionRecord, avoid: ReadonlySet<string>): Promise<Placed>;
  /** The environment placed on the worker is gone (or was never started). */
  removed(workerId: string, memoryMb: number): void;
  /** An environment that was placed by an earlier leader is there: counts it against its worker until `removed`. */
  adopted(workerId: string, memoryMb: number): void;
  /** Makes a worker known, or changes what it offers. */
  addWorker(capacity: WorkerCapacity): void;
  /** The worker was heard of. Unknown ids are ignored: it registers first. */
  heartbeat(workerId: string): void;
  /** A draining worker gets no new environments; what runs there goes on. */
  drain(workerId: string): void;
  /** The worker is lost or has left, and everything on it with it. */
  removeWorker(workerId: string): void;
}
