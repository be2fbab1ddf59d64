/**
 * The private channel between a worker and the bootstraps of our own runtimes (Node, Python, Ruby, Java): frames over two Unix sockets that the
 * bootstrap finds as file descriptors. It does what the HTTP Runtime API does, at a fraction of its cost.
 *
 *   descriptor 3   worker ──▶ bootstrap
 *   descriptor 4   worker ◀── bootstrap
 *
 * Each goes one way only. Over a single socket Linux wakes a process that waits in a read a second time for every answer, when the worker takes it:
 * there is room to write again, which nobody waits for.
 *
 *   frame  = length u32be | type u8 | body           (length counts type and body)
 *   header = length u32be | JSON, inside the bodies that carry a payload besides
 *
 *   worker                              bootstrap
 *     | ---- init (JSON) -----------------> |   once; until then the process knows no function and may wait in a pool
 *     | <--- ready | init-error (JSON) ---- |   `ready` also means: waiting for an invoke
 *     | ---- invoke (header, payload) ----> |
 *     | <--- log (u8 level, text) --------- |   any number, at any time after init
 *     | <--- response (payload) ----------- |   or error (JSON); either means: waiting for the next invoke
 *     | <--- fatal (JSON) ----------------- |   or this: the answer is an error, and the process ends now
 *     | <--- notStarted ------------------- |   or this: the handler was not called, and the process ends now
 *
 * An answer may also come in chunks. Then these stand in the place of `response`:
 *
 *     | <--- streamStart (JSON) ----------- |
 *     | <--- streamChunk (bytes) ---------- |   any number; after each window of them:
 *     | <--- streamPause ------------------ |       nothing comes
 *     | ---- room ------------------------> |       until the client has read some: one `room` for each `streamPause`
 *     | <--- streamEnd | streamError ------ |   the answer is over; or fatal
 *     | <--- ready ------------------------ |   waiting for the next invoke
 *
 * Where the environment has extensions, its end is announced:
 *
 *     | ---- end -------------------------> |   at any time; the process is killed soon
 *
 * The end of either ends the process. A frame that is longer than its limit, of unknown type, or out of turn is a
 * broken runtime: the worker kills it.
 */

export const FrameType = {
  /** worker → bootstrap: `Init` as JSON. */
  init: 1,
  /** bootstrap → worker: init is done, or the invoke whose answer was streamed. No body. */
  ready: 2,
  /** bootstrap → worker: init failed; `FunctionError` as JSON. The process exits by itself afterwards. */
  initError: 3,
  /** worker → bootstrap: `InvokeHeader` as a header, then the payload. */
  invoke: 4,
  /** bootstrap → worker: the payload of the answer to the invoke at hand. */
  response: 5,
  /** bootstrap → worker: the handler failed; `FunctionError` as JSON. The environment stays usable. */
  error: 6,
  /** bootstrap → worker: one log event: level u8 (0 trace .. 5 fatal, 255 none), then the message as UTF-8, formatted. */
  log: 7,
  /**
   * bootstrap → worker: answers the invoke at hand like `error`, but the process cannot go on (uncaught exception, unhandled
   * rejection) and ends by itself: no other invoke may be handed to it. Its exit follows.
   */
  fatal: 8,
  /** bootstrap → worker: the answer to the invoke at hand begins; `StreamStart` as JSON. */
  streamStart: 9,
  /** bootstrap → worker: its next bytes, at most `streamWindowBytes` of them between two pauses (see there). */
  streamChunk: 10,
  /** bootstrap → worker: asks for `room`; again before it came: at once, the process wants to end. No body. */
  streamPause: 11,
  /** bootstrap → worker: the answer is whole. No body. */
  streamEnd: 12,
  /** bootstrap → worker: the rest of the answer will not come; `FunctionError` as JSON. The environment stays usable. */
  streamError: 13,
  /** worker → bootstrap: go on. No body. */
  room: 14,
  /**
   * worker → bootstrap: the process was sent SIGTERM and has a moment left; whoever waits for an invoke lets the function's handlers of that
   * signal run. No invoke follows. No body.
   */
  end: 15,
  /**
   * worker → bootstrap: some thread of the process is an extension and has calls under way: from now on the process does not stand still
   * while it waits for an invoke. Once, at any time. No body.
   */
  awake: 16,
  /** bootstrap → worker: it ends while it waits awake, for which its read has to come back: answered by `end`. No body. */
  leaving: 17,
  /** bootstrap → worker: the process ends over what an earlier invoke left behind, and has not begun the one that it was given. No body. */
  notStarted: 18,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Longest frame that a worker takes: 6 MiB + 100 bytes of response would be refused by its own check, this is the hard stop. */
export const frameBytesMax = 64 * 1024 * 1024;

/** Bytes of chunks after which a bootstrap asks for room. */
export const streamWindowBytes = 256 * 1024;
/** What each chunk counts for besides its bytes. */
export const streamChunkOverheadBytes = 256;

export interface StreamStart {
  readonly contentType: string;
}

export interface Init {
  /** The whole environment of the process from now on: what is not here is removed. */
  readonly env: Readonly<Record<string, string>>;
  readonly handler: string;
  /** Absolute path of the unpacked code; becomes the working directory. */
  readonly taskRoot: string;
  /** Absolute path of the function's layers, where it has any: /opt, or what stands for it. */
  readonly optRoot?: string;
}

export interface InvokeHeader {
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
  readonly invokedArn: string;
  readonly traceId: string;
  /** JSON text. */
  readonly clientContext?: string;
}

/** What a caller gets as payload when the handler failed. Node says `trace`, Python `stackTrace`. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
  readonly stackTrace?: readonly string[];
  /** Python adds the request id to some. */
  readonly requestId?: string;
}
