/**
 * Queue: the port for durable messages that are handed out under a visibility timeout (at-least-once delivery).
 *
 * A queue exists as soon as something is sent to it. Messages become visible in order of the time at which they become
 * visible, then of sending.
 *
 * Names of queues follow the rules of document keys; a body is at most 2 MiB, a send at most 32 MiB. Time counts in the engine's
 * monotonic clock while it runs and in wall-clock time across restarts.
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
  /**
   * At most `max` (1..1000) visible messages, each hidden for `visibilityTimeoutMs` from now. Empty when none is visible; fewer than are
   * visible where bodies are large (about 16 MiB at once).
   */
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
