/**
 * Queue: the port for durable messages that are handed out under a visibility timeout (at-least-once delivery).
 *
 * A queue exists as soon as something is sent to it. Messages become visible in order of the time at which they become
 * visible, then of sending.
 */

export interface Message {
  readonly id: string;
  /** Names this one reception; a later reception of the same message makes it stale. */
  readonly receipt: string;
  readonly body: Uint8Array;
  /** Wall-clock time, epoch milliseconds. */
  readonly sentAtMs: number;
  /** Counts this reception: 1 the first time. */
  readonly receiveCount: number;
}

export interface Depth {
  readonly visible: number;
  /** Received and not yet deleted, within their visibility timeout. */
  readonly inFlight: number;
  /** Sent with a delay that has not passed. */
  readonly delayed: number;
}

export interface Queue {
  /** Resolves with the message ids, in the order given (1..1000 messages), once all are durable. */
  send(
    queue: string,
    messages: readonly { readonly body: Uint8Array; readonly delayMs?: number }[],
  ): Promise<readonly string[]>;
  /** At most `max` (1..1000) visible messages, each hidden for `visibilityTimeoutMs` from now. Empty when none is visible. */
  receive(
    queue: string,
    options: { readonly max: number; readonly visibilityTimeoutMs: number },
  ): Promise<readonly Message[]>;
  /** `stale`: the message was deleted, or received again since. */
  delete(queue: string, receipt: string): Promise<'deleted' | 'stale'>;
  /** Hides the message for `visibilityTimeoutMs` (0 or more) from now. */
  changeVisibility(queue: string, receipt: string, visibilityTimeoutMs: number): Promise<'changed' | 'stale'>;
  depth(queue: string): Promise<Depth>;
}
