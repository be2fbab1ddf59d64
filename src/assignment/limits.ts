/** The numbers of assignment, in one place; those in `Limits` can be set by whoever creates it. */

/** Stored in the names of journals and in environment ids: changing it needs a migration. */
export const partitionsCount = 64;

export interface Limits {
  /** An environment that has been idle for longer is stopped. */
  readonly idleMs: number;
  /** Idle environments of all partitions together; beyond it the one idle for longest in the partition at hand is stopped. */
  readonly idleEnvironmentsMax: number;
  /** How long an invoke waits for an environment, and how long the start of one may take. */
  readonly coldStartMs: number;
  /** Invokes of one generation that wait at once. */
  readonly waitersPerGenerationMax: number;
  /** Environments of one partition, in whatever state; a snapshot of them all must fit into one journal record (2 MiB). */
  readonly environmentsPerPartitionMax: number;
  /** Workers that are tried for one start. */
  readonly startAttemptsMax: number;
  /** How long a leader may hand out environments after its last record, and how long after it an idle partition writes a renewal. */
  readonly leaseMs: number;
  readonly leaseRenewMs: number;
}

export const limitsDefault: Limits = {
  idleMs: 10 * 60_000,
  idleEnvironmentsMax: 2_000,
  coldStartMs: 60_000,
  waitersPerGenerationMax: 1_000,
  environmentsPerPartitionMax: 5_000,
  startAttemptsMax: 3,
  leaseMs: 10 * 60_000,
  leaseRenewMs: 5 * 60_000,
};

/** After a failed append or claim, before the next one. */
export const journalRetryMs = 1_000;

/** A snapshot is written once this many records, and twice as many as it holds environments, stand behind the last one. */
export const recordsPerSnapshotMin = 256;

/** Records of one append (the journal port takes up to 1,000). */
export const recordsPerAppendMax = 1_000;

/** Generations that are remembered as retired, the oldest forgotten first. */
export const retiredGenerationsMax = 10_000;

/** Worker events kept while a partition is being claimed. */
export const earlyEventsMax = 10_000;
