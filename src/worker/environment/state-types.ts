/**
 * What an environment's lifecycle is told in: its states, what can happen to it, and what it then wants done. `state.ts` decides.
 */
import type { ShutdownReason } from '../extensions/state-types.ts';
import type { ExitStatus } from './runtime.ts';

/** Why a runtime did not do what it should. */
export type Failure =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'exit'; readonly status: ExitStatus }
  | { readonly kind: 'out-of-memory' }
  /** The runtime reported a failed init; `payload` is its JSON. */
  | { readonly kind: 'reported'; readonly payload: Uint8Array; readonly errorType: string }
  /** An extension failed, and the environment with it. */
  | { readonly kind: 'extension'; readonly errorType: string; readonly message: string }
  /** There is no executable to start. */
  | { readonly kind: 'entrypoint'; readonly message: string; readonly errorType?: string };

export interface Terms {
  readonly initLimitMs: number;
  /** Initialised ahead of any invoke: an init that fails ends the environment, and every init is reported. */
  readonly isAhead?: boolean;
  readonly timeoutMs: number;
}

/** The invoke at hand, as far as deciding needs it. All times are monotonic milliseconds. */
export interface Turn {
  readonly startedMs: number;
  /** Time of the init before this invoke, if this is the first and init went well. */
  readonly initMs?: number;
}

export type State =
  | { readonly kind: 'preparing' }
  | { readonly kind: 'initialising'; readonly sinceMs: number }
  | { readonly kind: 'idle'; readonly initMs?: number }
  | { readonly kind: 'uninitialised' }
  | { readonly kind: 'reviving'; readonly turn: Turn; readonly sinceMs: number }
  | { readonly kind: 'invoking'; readonly turn: Turn }
  /** Answered; the runtime has not asked for the next invoke yet. */
  | { readonly kind: 'finishing'; readonly turn: Turn }
  | { readonly kind: 'stopping'; readonly reason: string; readonly created: boolean }
  | { readonly kind: 'gone' };

export type Event =
  /** The process runs and was told its function. */
  | { readonly kind: 'started' }
  /** The host cannot start it now. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It can start nowhere. */
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'invoke' }
  | { readonly kind: 'answered' }
  | { readonly kind: 'unsent' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'destroy' }
  /** Nothing of the sandbox is left. */
  | { readonly kind: 'reaped' };

export type Effect =
  | { readonly kind: 'start' }
  | { readonly kind: 'set-deadline'; readonly delayMs: number }
  | { readonly kind: 'clear-deadline' }
  | { readonly kind: 'created' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string }
  | { readonly kind: 'init-failed' }
  | {
      readonly kind: 'init-report';
      readonly durationMs: number;
      readonly phase: 'init' | 'invoke';
      readonly failure: Failure;
    }
  | { readonly kind: 'begin' }
  | { readonly kind: 'send' }
  | { readonly kind: 'answer' }
  | { readonly kind: 'fail'; readonly failure: Failure }
  | { readonly kind: 'not-started' }
  /** The invoke is over: END and REPORT. */
  | {
      readonly kind: 'report';
      readonly durationMs: number;
      readonly initMs?: number;
      readonly failure?: Failure;
    }
  | { readonly kind: 'idle' }
  /** Kill the sandbox, if there is one, after the shutdown phase of its extensions; `reaped` is awaited only in `stopping`. */
  | { readonly kind: 'kill'; readonly why: ShutdownReason }
  | { readonly kind: 'gone'; readonly reason: string };
