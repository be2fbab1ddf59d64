/**
 * The APIs that a sandbox's processes find at AWS_LAMBDA_RUNTIME_API beside the Runtime API itself: what they ask, once it has been read
 * from HTTP. Whoever runs the sandbox answers.
 */
import type { ApiAnswer } from './messages.ts';

export interface SideAnswer extends ApiAnswer {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call that waits for an event. */
export interface EventWaiter {
  deliver(answer: SideAnswer): void;
}

export interface RegisterCall {
  readonly name: string;
  /** Lambda-Extension-Accept-Feature, taken apart. */
  readonly features: readonly string[];
  readonly body: Uint8Array;
}

export interface SideApis {
  register(call: RegisterCall): SideAnswer;
  /** undefined: it waits, and the waiter hears of it; or it was served already. */
  next(extensionId: string, waiter: EventWaiter): SideAnswer | undefined;
  /** The connection of a waiting call is gone. */
  abandon(extensionId: string, waiter: EventWaiter): void;
  reportError(of: 'init' | 'exit', extensionId: string, errorType: string): SideAnswer;
  subscribe(api: 'logs' | 'telemetry', extensionId: string, body: Uint8Array): SideAnswer;
}
