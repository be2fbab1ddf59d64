/** What the hostile suite and the server it attacks know of each other. */

export const rootKey = {
  accessKeyId: 'AKIAHOSTILESUITEROOT',
  secretAccessKey: 'the-secret-of-the-hostile-suite-root-key',
} as const;

/** Short, so that the suite does not wait long for slow senders to be cut. */
export const timeouts = {
  headTimeoutMs: 300,
  requestTimeoutMs: 400,
  timeoutCheckIntervalMs: 50,
  brokenLingerMs: 100,
  discardTimeoutMs: 100,
  discardedBytesMax: 1024 * 1024,
} as const;

export type Question = 'how-are-you' | 'stop';

export interface Health {
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly sockets: number;
  readonly timers: number;
  readonly connections: number;
  readonly bodyBytes: number;
  /** How often a request reached a handler. */
  readonly handled: number;
  /** Uncaught exceptions, unhandled rejections, internal errors. */
  readonly faults: readonly string[];
}
