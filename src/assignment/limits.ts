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
  /** How long the start of an environment that is kept ready may take: the longest init (15 minutes), and a minute for the rest. */
  readonly keptStartMs: number;
  /** Starts of one generation under way at once for the sake of what is kept ready. */
  readonly keptStartsMax: number;
  /** Environments of one partition, in whatever state; a snapshot of them all must fit into one journal record (2 MiB). */
  readonly environmentsPerPartitionMax: number;
  /** Workers that are tried for one start. */
  readonly startAttemptsMax: number;
  /** Environments of one generation that have brief invokes at once while this process has more to do than it can. */
  readonly briefAtOnce: number;
  /** How long a leader may hand out environments after its last record, and how long after it an idle partition writes a renewal. */
  readonly leaseMs: number;
  readonly leaseRenewMs: number;
}

export const limitsDefault: Limits = {
  idleMs: 10 * 60_000,
  idleEnvironmentsMax: 2_000,
  coldStartMs: 60_000,
  keptStartMs: 16 * 60_000,
  keptStartsMax: 10,
  waitersPerGenerationMax: 1_000,
  environmentsPerPartitionMax: 5_000,
  startAttemptsMax: 3,
  briefAtOnce: 16,
  leaseMs: 10 * 60_000,
  leaseRenewMs: 5 * 60_000,
};

/** Before all workers are asked again, where all have refused. */
export const startRetryMs = 100;

/** Failed starts in a row after which what is kept ready counts as failed. */
export const keepFailuresMax = 3;

/** Before such a start is tried again: doubled with every failure in a row. */
export const keepRetryMsMin = 1_000;
export const keepRetryMsMax = 5 * 60_000;

/** What is kept ready and dies before that age was perhaps never well. */
export const youngMs = 60_000;

/** From handing out to coming back: what can be over that soon is brief. */
export const briefMs = 2;

/** Environments that must have come back before that is known, and of how many the shortest counts: of the second at least, of twice as many at most. */
export const turnaroundsKnown = 32;
export const turnaroundWindow = 512;

/** What has been out for that long is not about to come back. */
export const overdueMs = 10;

/** The share of its time that this process is at work: brief invokes are held from the first on, and not for longer below the second. */
export const strainedLoad = 0.75;
export const sparingLoad = 0.6;

/** How often it is looked whether holding is of use; how long nothing is held after a look that saw nothing come back, and after one that saw time to spare. */
export const holdLookMs = 5;
export const stillPauseMs = 250;
export const sparingPauseMs = 1_000;

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
