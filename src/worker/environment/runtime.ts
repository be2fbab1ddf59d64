/** What an environment and its runtime say to each other, whichever way they talk (private channel or HTTP Runtime API). */
import type { Init } from '#runtimes';

/** One invoke as a runtime gets it. */
export interface Call {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly invokedArn: string;
  readonly traceId: string;
  /** JSON text. */
  readonly clientContext?: string;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
}

/** Room for more of an answer. `discarded`: its invoke is over or the answer too long, and whatever comes is thrown away. */
export type More = (fate: 'wanted' | 'discarded') => void;

/** What a runtime says of its answer to the invoke at hand. */
export type AnswerSays =
  | { readonly kind: 'response'; readonly payload: Uint8Array }
  /** The handler failed. `payload` is the runtime's own JSON. */
  | { readonly kind: 'error'; readonly payload: Uint8Array }
  | { readonly kind: 'too-large'; readonly sizeBytes: number }
  /** From here on the answer comes in chunks, until its end or its failure. */
  | { readonly kind: 'stream-start'; readonly contentType: string }
  /** `more` is called once, when there is room for further chunks: now, or when some have been read. */
  | { readonly kind: 'stream-chunk'; readonly bytes: Uint8Array; readonly more: More }
  | { readonly kind: 'stream-end' }
  /** The rest will not come. `payload` is JSON that says why. */
  | { readonly kind: 'stream-failure'; readonly errorType: string; readonly payload: Uint8Array };

export type RuntimeSays =
  | AnswerSays
  /** It waits for an invoke. After init, and again after each answer. */
  | { readonly kind: 'ready' }
  /** Init failed. `payload` is the runtime's own JSON. */
  | { readonly kind: 'init-error'; readonly payload: Uint8Array; readonly errorType: string }
  | { readonly kind: 'log'; readonly text: string }
  /** The invoke has not begun: its payload cannot have reached the runtime as a whole, or the runtime says so as it ends. */
  | { readonly kind: 'unsent' }
  /** It broke the rules of the protocol. */
  | { readonly kind: 'broken'; readonly why: string };

/** The environment's end of the conversation. After `close` it says nothing more, but for what the runtime had already logged. */
export interface RuntimeLink {
  /** Tells the process which function it is. */
  init(init: Init): void;
  invoke(call: Call): void;
  /** An extension lives in the process: it must not stand still between two invokes. */
  awake(): void;
  /** The process was asked to end: where it stands still and would not notice, it is woken. */
  end(): void;
  close(): void;
}

/** How a process ended. */
export type ExitStatus =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string };
