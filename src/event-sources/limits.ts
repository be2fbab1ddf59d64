/** The bounds of event sources. What AWS documents says so (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html). */

const MiB = 1024 * 1024;

/** How long a mapping is seen on its way from one state to the next. */
export const mappingTransitionMs = 250;

export interface Limits {
  /** AWS: a synchronous invoke takes 6 MB, the event around the records among them. */
  readonly batchBytesMax: number;
  /** Bytes of records that are received and not done with, of all mappings; nothing more is received above. */
  readonly heldBytesMax: number;
  /** Messages that one reception asks for: at first, and at most where the source gives as many. */
  readonly receiveMin: number;
  readonly receiveMax: number;
  /** Bytes that a reception shall bring, judged by the one before it. */
  readonly receiveBytes: number;
  /** How long a reception waits for a message. AWS: 20 s at most. */
  readonly receiveWaitMs: number;
  /** Receptions of one mapping at a time, where a source gives few messages to each. */
  readonly receiversMax: number;
  /** Wait after a reception that failed, and before an invoke that was throttled is tried again: doubles from the first to the last, ±25%. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** Wait before something that stands in the way (no permission, no queue, no function) is looked at again: the same. */
  readonly problemMsMin: number;
  readonly problemMsMax: number;
  /** The longest wait after receptions of a queue that answers at once that it has nothing. */
  readonly hastyMsMax: number;
  /** Messages of a batch that are deleted at a time. */
  readonly deletesMax: number;
  /** Filtering gives way to other work after so long. */
  readonly filterTurnMs: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly mappingsMax: number;
}

export const limitsDefault: Limits = {
  batchBytesMax: 6 * MiB,
  heldBytesMax: 256 * MiB,
  receiveMin: 10,
  receiveMax: 100,
  receiveBytes: 8 * MiB,
  receiveWaitMs: 20_000,
  receiversMax: 10,
  retryMsMin: 100,
  retryMsMax: 5_000,
  problemMsMin: 500,
  problemMsMax: 5_000,
  hastyMsMax: 1_000,
  deletesMax: 100,
  filterTurnMs: 10,
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  mappingsMax: 10_000,
};

/** AWS: concurrent invokes of a standard queue's mapping, when it begins, by minute, and at most. */
export const concurrencyAtFirst = 5;
export const concurrencyPerMinute = 300;
export const concurrencyMax = 1_250;
/** AWS: concurrent invokes of one provisioned poller, and how many are added in a minute to those of a mapping. */
export const concurrencyPerPoller = 10;
export const provisionedPerMinute = 1_000;
/** AWS: what one call to SQS receives, and deletes. */
export const sqsCallMax = 10;
/** Of an external SQS: how long a call may take beyond what it was asked to wait, and what its answer may have in bytes. */
export const callMsMax = 10_000;
export const answerBytesMax = 16 * MiB;
/** How long credentials of a role are used before new ones are asked for; they live for hours. */
export const roleKeysMs = 30 * 60_000;
