/**
 * The bounds of SQS. What AWS documents is a constant (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html);
 * what is ours can be set.
 */

const MiB = 1024 * 1024;

export interface SqsLimits {
  readonly queuesMax: number;
  /** After a queue was deleted, before another may have its name: AWS's, unless the operator has set it. */
  readonly nameWaitMs: number;
  /** ReceiveMessage calls that wait for a message, of all queues. */
  readonly waitersMax: number;
  /** Waiting receivers of one queue that are served at one time. */
  readonly takesAtOnceMax: number;
  /** Received and not deleted, of one queue. */
  readonly inFlightMax: number;
  /** How long a full queue is believed to be full before it is counted again. */
  readonly recountMs: number;
  /** How long a waiting receiver relies on being told: messages may come by another process. */
  readonly recheckMs: number;
  /** Time between two rounds over all queues that delete what is too old. */
  readonly sweepIntervalMs: number;
  /** Receptions that are remembered under the id of their attempt. */
  readonly attemptsMax: number;
  /** Time between two steps of a move task without a rate of its own. */
  readonly moveIntervalMs: number;
}

export const defaultSqsLimits: SqsLimits = {
  queuesMax: 50_000,
  nameWaitMs: 60_000,
  waitersMax: 20_000,
  takesAtOnceMax: 16,
  inFlightMax: 120_000,
  recountMs: 1000,
  recheckMs: 5000,
  sweepIntervalMs: 60_000,
  attemptsMax: 10_000,
  moveIntervalMs: 10,
};

/** A message with its attributes, and all messages of a batch together. */
export const messageBytesMax = MiB;
export const batchEntriesMax = 10;
export const batchIdCharactersMax = 80;
export const messageAttributesMax = 10;
export const attributeNameCharactersMax = 256;
export const receivedMax = 10;
export const waitSecondsMax = 20;
export const delaySecondsMax = 900;
export const visibilitySecondsMax = 43_200;
/** Characters of a group's id, a deduplication id and a receive request attempt's. */
export const tokenCharactersMax = 128;
export const deduplicationMs = 5 * 60_000;
export const attemptMs = 5 * 60_000;
export const purgeIntervalMs = 60_000;
export const listedMax = 1000;
export const tagsMax = 50;
export const receivesMax = 1000;
export const sourceArnsMax = 10;
export const moveRateMax = 500;
/** Finished move tasks of a queue that are remembered. */
export const moveTasksMax = 10;
export const permissionActionsMax = 7;
/** Messages that are dropped or moved on the way to one answer; the rest is for the next. */
export const passedOverMax = 1000;
/** Of a request's trace header, what a message keeps. */
export const traceCharactersMax = 1024;
/** A JSON text may spell a byte of a message in six. */
export const requestBytesMax = 8 * MiB;
