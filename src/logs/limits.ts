/** The bounds of logs, each with its unit. What may be chosen at start is in `LogsLimits`; what the wire fixes stands below. */

export interface LogsLimits {
  /** Waiting events of one stream, not yet durable; the oldest are dropped beyond it. */
  readonly waitingBytesPerStreamMax: number;
  /** Waiting events of all streams together. */
  readonly waitingBytesMax: number;
  /** How long an event waits for others before the batch is written, with few streams in use. */
  readonly flushDelayMs: number;
  /** With many streams it waits so much longer for each of them, so that the appends of a second do not grow with their number, … */
  readonly flushDelayPerStreamMs: number;
  /** … but never longer than this. */
  readonly flushDelayMsMax: number;
  /** One journal record holds at most this much, unless a single event is larger. A stream with so much waiting is written at once. */
  readonly batchBytesMax: number;
  /** Appends to the journal under way at one time. */
  readonly appendsMax: number;
  /** Pause after an append that failed (a full disk, say) before it is tried again. */
  readonly retryDelayMs: number;
  /** Stored events of one group; its oldest are forgotten beyond it. */
  readonly groupBytesMax: number;
  /** Stored events of all groups; the oldest are forgotten beyond it. */
  readonly totalBytesMax: number;
  /** Retention of groups that have no policy of their own; undefined keeps events until a byte bound is met. */
  readonly retentionDays: number | undefined;
  readonly groupsMax: number;
  /** Streams of all groups; beyond it the longest unused one that was not created by a client is forgotten. */
  readonly streamsMax: number;
  /** A stream without events that no client created is forgotten after this time. */
  readonly emptyStreamAgeMs: number;
  /** Time between two rounds of retention. */
  readonly sweepIntervalMs: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultLogsLimits: LogsLimits = {
  waitingBytesPerStreamMax: 4 * MiB,
  waitingBytesMax: 64 * MiB,
  flushDelayMs: 50,
  flushDelayPerStreamMs: 2,
  flushDelayMsMax: 250,
  batchBytesMax: 64 * KiB,
  appendsMax: 32,
  retryDelayMs: 1_000,
  groupBytesMax: 1_024 * MiB,
  totalBytesMax: 4 * 1_024 * MiB,
  retentionDays: 30,
  groupsMax: 10_000,
  streamsMax: 50_000,
  emptyStreamAgeMs: 24 * 60 * 60 * 1_000,
  sweepIntervalMs: 60_000,
};

/** What CloudWatch Logs counts for each event besides its message. */
export const eventOverheadBytes = 26;
/** A longer line of a function is stored as several events. */
export const sinkEventBytesMax = 256 * KiB;
/** Message and overhead of one event that a client puts. */
export const putEventBytesMax = 1_048_576;
/** Messages and overheads of one PutLogEvents. */
export const putBytesMax = 1_048_576;
export const putEventsMax = 10_000;
/** PutLogEvents refuses what is older, or further in the future. */
export const putAgeMsMax = 14 * 24 * 60 * 60 * 1_000;
export const putAheadMsMax = 2 * 60 * 60 * 1_000;
/** One page of GetLogEvents or FilterLogEvents. */
export const pageEventsMax = 10_000;
export const pageBytesMax = 1_048_576;
/** FilterLogEvents reads at most so much for one answer, found or not; the token goes on from there. */
export const scanBytesMax = 16 * MiB;
/** Streams of a group whose ends are looked up at one time. */
export const summariesAtOnceMax = 16;
/** Read ahead per stream. */
export const readAheadBytes = 128 * KiB;
/** Groups or streams of one answer. */
export const describeMax = 50;
export const tagsMax = 50;

/** What PutRetentionPolicy takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const retentionDaysAllowed: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
