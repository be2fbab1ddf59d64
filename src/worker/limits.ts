/** Every bound of a worker, with its unit. Those that an operator may want otherwise are options of `openWorker`. */
import { streamWindowBytes } from '#runtimes';

export interface Limits {
  /** Environments on this worker, in any state. */
  readonly environmentsMax: number;
  /** Processes that are being started at once; undefined: twice the host's cores. More wait in line. */
  readonly startsMax: number | undefined;
  /** Creations that wait in that line; more are refused. */
  readonly startsQueuedMax: number;
  /** How long init may take before the environment is kept for a second init inside its first invoke. */
  readonly initLimitMs: number;
  /** How long an environment serves at most before another takes its place, which happens between two invokes. */
  readonly lifetimeMsMax: number;
  /** How long `close` lets running invokes go on. */
  readonly closeGraceMs: number;
  /** A streamed answer, whole. */
  readonly streamBytesMax: number;
  /** What of a streamed answer goes out as fast as it is read, and how fast what follows. At least 1 KiB each. */
  readonly streamBurstBytes: number;
  readonly streamBytesPerSecond: number;
}

export const defaultLimits: Limits = {
  environmentsMax: 2_000,
  startsMax: undefined,
  startsQueuedMax: 4_000,
  initLimitMs: 10_000,
  lifetimeMsMax: 4 * 3_600_000,
  closeGraceMs: 30_000,
  streamBytesMax: 200 * 1024 * 1024,
  streamBurstBytes: 6 * 1024 * 1024,
  streamBytesPerSecond: 2 * 1024 * 1024,
};

/**
 * How long init may take of what is initialised ahead (AWS: 130 s or the function's timeout, whichever is longer, so 15 minutes at most).
 * Milliseconds.
 */
export function aheadInitLimitMs(timeoutMs: number): number {
  return Math.max(130_000, timeoutMs);
}

/** A response may be 6 MiB and 100 bytes long. */
export const responseBytesMax = 6 * 1024 * 1024 + 100;
/** What of a streamed answer is kept for a client that reads slowly, before the function has to wait; what each chunk counts for besides its bytes. */
export { streamChunkOverheadBytes, streamWindowBytes } from '#runtimes';
/** A process of ours that sends this much more than it was given room for is none of ours any more. */
export const streamOverrunBytesMax = 4 * streamWindowBytes;
/** Chunks that wait are handed on together, up to this size. */
export const streamPieceBytes = 64 * 1024;
/** What begins a stream on the private channel, and a chunk of it. */
export const streamHeadBytesMax = 4 * 1024;
export const streamChunkBytesMax = 1024 * 1024;
/** What is read and thrown away of a longer HTTP response before its connection is cut. */
export const discardedBytesMax = 64 * 1024 * 1024;
/** A log event; longer lines are cut into several. */
export const logEventBytesMax = 256 * 1024;
/** The log tail that callers can ask for. */
export const logTailBytesMax = 4_096;
/** What one environment may print per window before its pipes are left to fill up, which makes it wait. */
export const outputWindowMs = 100;
export const outputWindowBytesMax = 1024 * 1024;
/** Rounds of the event loop that the end of an invoke waits for output that was written before it. */
export const drainTurnsMax = 16;
/** How often the memory of running environments is looked at, and every how many looks that of all their processes. */
export const memoryLookMs = 100;
export const memoryGroupLooks = 10;
/** How old the figure in a REPORT line may be, beyond what the looks saw. */
export const memoryPeakAgeMs = 2_000;
/** How many processes of an environment are looked at for it. */
export const residentProcessesMax = 64;
/** A start gives its place in line to the next one after this time, whatever its function's init is doing. */
export const startHoldMs = 200;
/** HTTP connections that one environment may have open to its Runtime API, and the headers of one request. */
export const apiConnectionsMax = 64;
export const apiHeaderBytesMax = 64 * 1024;
export const apiWaitersMax = 8;
/** What is said to be left of credentials that never end, so that whoever has them asks again. Milliseconds. */
export const undyingCredentialsMs = 3_600_000;
/** A body that an extension sends, to register or to subscribe, and the name that it gives itself. */
export const sideBodyBytesMax = 64 * 1024;
export const extensionNameCharsMax = 256;
/** Extensions of one environment, external and internal ones together. */
export const extensionsMax = 10;
/** How long an external extension that has reported an error may take to end by itself. */
export const extensionErrorGraceMs = 500;
/** The shutdown phase of an environment with internal extensions only, with an external one, and the runtime's share of that. */
export const internalShutdownMs = 500;
export const externalShutdownMs = 2_000;
export const runtimeShutdownMs = 300;
/** What happens in an init is kept for extensions that subscribe later. */
export const earlyEventsMax = 1_000;
/** Batches that wait for an extension which takes them too slowly; more is dropped, and it is told how much. */
export const backlogBatchesMax = 4;
/** How long a batch may take to be taken, how often it is tried, and the first pause between, which doubles. */
export const deliveryMsMax = 2_000;
export const deliveryAttemptsMax = 4;
export const deliveryRetryMs = 50;
/** Rounds in which processes that left their group are looked for, before giving up with a warning. */
export const sweepRoundsMax = 8;
/** How long a process may live on after it closed its channel. */
export const hangUpGraceMs = 500;
