/** The interface that assignment and the frontend use to reach a worker, in this process or another. */
import type { VersionRecord } from '#metadata';

export interface EnvironmentSpec {
  /** 32 lower-case hex digits; also the end of the log stream's name. */
  readonly environmentId: string;
  readonly version: VersionRecord;
  /** AWS_LAMBDA_INITIALIZATION_TYPE; left out: on-demand. What is initialised ahead has more time for it, and must succeed. */
  readonly initialization?: Initialization;
}

export type Initialization = 'on-demand' | 'provisioned-concurrency';

export type CreateOutcome =
  /**
   * The environment can take an invoke. An init that failed or timed out is also `created`: the environment then runs init again inside its
   * first invoke (suppressed init) and that invoke reports the failure.
   */
  | { readonly kind: 'created' }
  /** Only of what is initialised ahead: its init failed or took too long. Nothing is left of it. */
  | { readonly kind: 'init-failed' }
  /** This worker cannot start it now (full, draining, sandbox failed to start): another placement may succeed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It will not start anywhere: the code or runtime is missing or broken. `errorType` as AWS names it. */
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string };

export interface InvokeRequest {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly invokedArn: string;
  readonly traceId: string;
  /** Decoded JSON of X-Amz-Client-Context. */
  readonly clientContext?: string;
  /** Whether the caller wants the last 4 KB of this invoke's log. */
  readonly wantsLogTail: boolean;
}

/** An invoke that is over, as its REPORT line has it. */
export interface FinishedRun {
  readonly invokedArn: string;
  readonly version: string;
  /** Milliseconds. */
  readonly durationMs: number;
  /** Of the environment that was started for it. */
  readonly initMs: number | undefined;
}

export type InvokeOutcome =
  | {
      readonly kind: 'answered';
      readonly payload: Uint8Array;
      /** Set when the payload describes a function's failure (error, exit, timeout, too large a response). */
      readonly functionError?: 'Unhandled';
      /** The last 4,096 bytes of the invoke's log as UTF-8, when asked for. */
      readonly logTail?: Uint8Array;
    }
  /** The environment was gone before the payload was handed to its runtime: safe to try another. */
  | { readonly kind: 'not-started' };

/** What every invoke gets that comes too late. */
export const notStarted: Promise<InvokeOutcome> = Promise.resolve({ kind: 'not-started' });

/** How a streamed answer ended. */
export interface StreamEnd {
  /** What went wrong after the first byte; `payload` is the JSON that says so. Absent: the answer is whole. */
  readonly failure?: { readonly errorType: string; readonly payload: Uint8Array };
  /** As of a plain answer. */
  readonly logTail?: Uint8Array;
}

/** An answer that is on its way. */
export interface AnswerStream {
  /** As the runtime said. */
  readonly contentType: string;
  /**
   * The bytes, no faster than the worker's limits allow and no faster than they are read: the function waits meanwhile. May be read once;
   * never throws. Leaving the loop early is `cancel`.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves when the function has ended; some of `body` may still be unread then. */
  readonly ended: Promise<StreamEnd>;
  /** What is unread and still to come is thrown away. The function goes on to its end. */
  cancel(): void;
}

export type StreamingOutcome = InvokeOutcome | { readonly kind: 'streaming'; readonly stream: AnswerStream };

/** What assignment must know. Delivered synchronously, in order. */
export type WorkerEvent =
  /** The environment can take the next invoke. */
  | { readonly kind: 'idle'; readonly environmentId: string }
  /** The environment does not exist any more, whatever the reason. */
  | { readonly kind: 'gone'; readonly environmentId: string; readonly reason: string };

export interface EnvironmentStatus {
  readonly environmentId: string;
  readonly functionName: string;
  readonly version: string;
  readonly generation: string;
  readonly status: 'starting' | 'idle' | 'busy' | 'stopping';
  readonly memoryUsedBytes: number;
}

export interface Worker {
  readonly workerId: string;
  readonly zone: string;
  /** Starts an environment and waits for its init. No `idle` event follows a `created` outcome: its environment belongs to the caller. */
  create(spec: EnvironmentSpec): Promise<CreateOutcome>;
  /** Hands one invoke to an environment that is idle. An `idle` or `gone` event follows once it is over. */
  invoke(environmentId: string, request: InvokeRequest): Promise<InvokeOutcome>;
  /**
   * The same for a caller who takes the answer as it comes: resolves with the first byte of a runtime that streams, else as `invoke`. A runtime
   * that streams although `invoke` was called has its answer collected.
   */
  invokeStreaming(environmentId: string, request: InvokeRequest): Promise<StreamingOutcome>;
  /** Stops an environment (shutdown phase, then kill). `gone` follows. Unknown ids are ignored. */
  destroy(environmentId: string): Promise<void>;
  list(): Promise<readonly EnvironmentStatus[]>;
  onEvent(listener: (event: WorkerEvent) => void): () => void;
}
