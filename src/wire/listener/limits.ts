/** The bounds of the listener, all settable; bytes, milliseconds and counts as the names say. */

export interface ListenerLimits {
  /** Connections at the same time; more are closed at once. */
  readonly connectionsMax: number;
  /** Requests of one connection that wait for their answers (HTTP pipelining); one more ends the connection. */
  readonly pipelinedMax: number;
  /** Request line and headers together. */
  readonly headBytesMax: number;
  readonly headersMax: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  /** Without a byte of a body that a route reads as it comes. */
  readonly bodyIdleTimeoutMs: number;
  /** How often the two timeouts above are looked at. */
  readonly timeoutCheckIntervalMs: number;
  /** How long an idle connection is kept for the next request. */
  readonly idleTimeoutMs: number;
  /** How long a client may leave an answer unread that is larger than the socket's buffer. */
  readonly answerTimeoutMs: number;
  /** Bodies of all requests in progress together. */
  readonly bodiesBytesMax: number;
  /** A refused body that is declared to be at most this long is read over; with a longer one the connection ends. */
  readonly skippedBytesMax: number;
  /** What is read and thrown away of a refused body, so that the client gets to see the answer. */
  readonly discardedBytesMax: number;
  readonly discardTimeoutMs: number;
  /** How long a connection that spoke no HTTP is left open for its client to read why. */
  readonly brokenLingerMs: number;
  /** How long a connection without a request is kept once the listener closes: its next request may be on its way. */
  readonly closeLingerMs: number;
}

export const listenerLimits: ListenerLimits = {
  connectionsMax: 10_000,
  pipelinedMax: 64,
  headBytesMax: 32 * 1024,
  headersMax: 200,
  headTimeoutMs: 20_000,
  requestTimeoutMs: 300_000,
  bodyIdleTimeoutMs: 60_000,
  timeoutCheckIntervalMs: 5_000,
  idleTimeoutMs: 75_000,
  answerTimeoutMs: 120_000,
  bodiesBytesMax: 1024 * 1024 * 1024,
  skippedBytesMax: 64 * 1024,
  discardedBytesMax: 128 * 1024 * 1024,
  discardTimeoutMs: 3_000,
  brokenLingerMs: 500,
  closeLingerMs: 100,
};
