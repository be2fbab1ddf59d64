/** The public face of placement: it chooses the worker for a new execution environment and watches worker health. */
import type { VersionRecord } from '#metadata';

export type Placed =
  | { readonly kind: 'placed'; readonly workerId: string }
  | { readonly kind: 'no-room'; readonly message: string };

export interface Placement {
  /** Chooses a worker for one more environment of `version` and counts it against that worker until `removed`. */
  place(version: VersionRecord, avoid: ReadonlySet<string>): Promise<Placed>;
  /** The environment placed on the worker is gone (or was never started). */
  removed(workerId: string, memoryMb: number): void;
}
