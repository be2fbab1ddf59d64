/** The numbers of event invoke, in one place. Those in `Limits` can be set by whoever opens it. */

const KiB = 1024;
const MiB = 1024 * KiB;
const minuteMs = 60_000;

/** AWS's quota for the payload of an event, in bytes. */
export const payloadBytesMax = MiB;

/** AWS's defaults and bounds of an event invoke configuration. */
export const retriesDefault = 2;
export const eventAgeMsDefault = 6 * 60 * minuteMs;

/** Waits before the second and before the third attempt of an event whose function failed. */
export const failureWaitsMs: readonly number[] = [minuteMs, 2 * minuteMs];

/** The wait after a throttle or a service error: doubles from the first to the last. */
export const refusalWaitMsMin = 1_000;
export const refusalWaitMsMax = 5 * minuteMs;

/** Characters of a trace header that are stored with an event. */
export const traceCharsMax = 1_024;

/** Bytes of a function's answer that go on to a destination; AWS's bound for a synchronous answer. */
export const responseBytesMax = 6 * MiB;

/** A body that the queue takes. An event whose answer does not fit beside it is delivered to its destination at once or not at all. */
export const queuedBytesMax = 2 * MiB;

/** What AWS's services take as one message, in bytes. */
export const messageBytesMax = { sqs: MiB, sns: 256 * KiB, events: MiB, lambda: MiB, s3: 16 * MiB } as const;

/** Bytes of the ErrorMessage attribute of a dead letter. */
export const errorMessageBytesMax = KiB;

/** Waits between tries of a delivery double from the first to the last. */
export const deliveryWaitMsMin = 1_000;
export const deliveryWaitMsMax = 5 * minuteMs;
/** What was never tried, because its destination was left alone, waits so many times as long as what was. */
export const untriedAgeFactor = 6;

/** A call of a destination: how long it may take, and bytes that are read of its answer. */
export const deliveryMs = 10_000;
export const deliveryAnswerBytesMax = 64 * KiB;

/** A destination that did not answer so many times in a row is left alone, for longer each time; and how many of them are remembered. */
export const brokenTries = 3;
export const brokenTargetMsMin = 2_000;
export const brokenTargetMsMax = minuteMs;
export const brokenTargetsMax = 1_000;

/** Functions that are counted one by one; those not heard of for longest are forgotten first. */
export const functionsCountedMax = 10_000;

/** Functions whose shards are remembered by the placement. */
export const placementsCachedMax = 10_000;

/** Events that are sent in one request of the store, and their bytes. */
export const sendEventsMax = 500;
export const sendBytesMax = 8 * MiB;
/** Sends to one shard that are on their way, while more events wait to go together. */
export const sendsAtOnceMax = 2;

/** After a failure of the store, before it is asked again. */
export const storeRetryMs = 1_000;

export interface Limits {
  /** Shards that all functions share: at the start and at least, and at most. */
  readonly shardsMin: number;
  readonly shardsMax: number;
  /** Of which each function uses so many. */
  readonly shardsPerFunction: number;
  /** Functions that have shards of their own at once. */
  readonly dedicatedMax: number;
  readonly pollers: number;
  /** Events that one poller has in hand at once: as few as at its start, and as many as it may get to. */
  readonly slotsMin: number;
  readonly slotsMax: number;
  /** Bytes of events that one poller has in hand, beside one. */
  readonly heldBytesMax: number;
  /** Events that are received at once. */
  readonly receiveMax: number;
  /** How long a received event is hidden from others, and how often that is renewed while it is being worked on. */
  readonly visibilityMs: number;
  readonly renewMs: number;
  /** How long a poller has a shard, and how often it asks again. */
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** How often the queue manager looks. */
  readonly manageMs: number;
  /** How often a shard is looked into that should have nothing to receive: in case that somebody else put it there. */
  readonly lookMs: number;
  /** How long after an event was settled its deliveries are given up. */
  readonly deliveryAgeMsMax: number;
  /** Events that are being accepted at once; more are told to come again. */
  readonly acceptsMax: number;
}

export const limitsDefault: Limits = {
  shardsMin: 32,
  shardsMax: 256,
  shardsPerFunction: 3,
  dedicatedMax: 64,
  pollers: 2,
  slotsMin: 4,
  slotsMax: 128,
  heldBytesMax: 64 * MiB,
  receiveMax: 32,
  visibilityMs: 15_000,
  renewMs: 5_000,
  leaseMs: 15_000,
  heartbeatMs: 5_000,
  manageMs: 5_000,
  lookMs: 30_000,
  deliveryAgeMsMax: 60 * minuteMs,
  acceptsMax: 4_000,
};

/** How often a poller at work looks how late it comes to its timers, how late is too late, and what follows from it. */
export const paceMs = 100;
export const paceLateMsMax = 10;
export const paceGrowth = 1.1;
export const paceShrink = 2 / 3;
/** Events that are being accepted at once, from which on it is a flood; and by how many slots a poller then grows at each look. */
export const floodAcceptsMin = 16;
export const paceFloodGrowth = 0.1;

/**
 * The queue manager. A function floods its shards when it has at least so many events there, more than this share of them, and so many times what
 * half of the functions do not exceed.
 */
export const floodEventsMin = 100;
export const floodShare = 0.5;
export const floodTimes = 4;
/** A function fails when so many of its attempts between two looks have, of at least so many. */
export const failingShare = 0.5;
export const failingAttemptsMin = 8;
/** Looks in a row that must find it so before a function is moved out, and find nothing before it is moved back. */
export const troubledLooks = 2;
export const calmLooks = 12;
/** Events of a function below which nothing of it needs a shard of its own. */
export const calmEventsMax = 10;
/** Events per shared shard, or age at which events come to their turn, above which the shards become more; and looks in a row. */
export const growDepth = 500;
export const growAgeMs = 10_000;
export const growLooks = 2;
/** Events per shared shard below which they become fewer, and looks in a row. */
export const shrinkDepth = 5;
export const shrinkLooks = 60;
