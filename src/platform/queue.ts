/**
 * Queue: the port for durable messages that are handed out under a visibility timeout (at-least-once delivery).
 *
 * A queue exists as soon as something is sent to it. Messages become visible in order of the time at which they become
 * visible, then of sending. A queue whose messages have groups can be received in groups instead: each group in the order of
 * sending, and nothing of a group while something of it is in flight.
 *
 *     sent ──delay──▶ visible ──receive──▶ in flight ──delete──▶ gone
 *                        ▲                    │  └────move────▶ another queue
 *                        └──timeout passed────┘
 *
 * Names of queues, groups and keys follow the rules of document keys; a body is at most 2 MiB, a send at most 32 MiB. Time counts in the
 * engine's monotonic clock while it runs and in wall-clock time across restarts.
 */

export interface NewMessage {
  readonly body: Uint8Array;
  readonly delayMs?: number;
  /** Must be there for messages that are to be received in groups. */
  readonly group?: string;
  /**
   * A message whose key was sent to this queue within the last `windowMs` before is not stored again, also when the first one was
   * received or deleted since: the answer names the first.
   */
  readonly once?: { readonly key: string; readonly windowMs: number };
}

export interface Sent {
  readonly id: string;
  /** Higher than that of every message sent to this queue before; numbers are left out. */
  readonly sequence: number;
  /** The message was sent before, within the window of its key: it is that one's id and sequence. */
  readonly duplicate: boolean;
}

/** What a message is to be in the queue that it moves to. */
export interface MovedMessage {
  readonly body: Uint8Array;
  /** Absent: visible at once. */
  readonly delayMs?: number;
  readonly group?: string;
  /** Absent: a new one. */
  readonly id?: string;
  /** Wall-clock time, epoch milliseconds. Absent: now. */
  readonly sentAtMs?: number;
}

export interface Message {
  readonly id: string;
  readonly sequence: number;
  /** Names this one reception; a later reception of the same message makes it stale. */
  readonly receipt: string;
  readonly body: Uint8Array;
  /** Wall-clock time, epoch milliseconds. */
  readonly sentAtMs: number;
  /** Wall-clock time of the first reception, epoch milliseconds. */
  readonly firstReceivedAtMs: number;
  /** Counts this reception: 1 the first time. */
  readonly receiveCount: number;
  readonly group?: string;
}

export interface Depth {
  readonly visible: number;
  /** Received and not yet deleted, within their visibility timeout. */
  readonly inFlight: number;
  /** Sent with a delay that has not passed. */
  readonly delayed: number;
}

export interface Receiving {
  readonly max: number;
  readonly visibilityTimeoutMs: number;
  /** Only messages with groups are received, in the order of their groups; by default all, in order of time. */
  readonly inGroups?: boolean;
}

/**
 * Of a message that must be in flight. `visible`: it is not any more, though nobody has received it since; `stale`: somebody has; `gone`:
 * it was deleted, or never was.
 */
export type InFlightOutcome<Done extends string> = Done | 'visible' | 'stale' | 'gone';

export interface Queue {
  /** Resolves, in the order given (1..1000 messages), once all are durable. */
  send(queue: string, messages: readonly NewMessage[]): Promise<readonly Sent[]>;

  /**
   * At most `max` (1..1000) visible messages, each hidden for `visibilityTimeoutMs` from now. Empty when none is visible; fewer than are
   * visible where bodies are large (about 16 MiB at once). In groups: as many as there are of one group before any of the next.
   */
  receive(queue: string, receiving: Receiving): Promise<readonly Message[]>;

  /** Milliseconds until a message can be received, 0 when one can be now; undefined when the queue has none. */
  nextVisibleMs(queue: string, inGroups?: boolean): Promise<number | undefined>;

  /** `stale`: the message was deleted, or received again since. */
  delete(queue: string, receipt: string): Promise<'deleted' | 'stale'>;

  /** The same for a message that must still be in flight. */
  deleteInFlight(queue: string, receipt: string): Promise<InFlightOutcome<'deleted'>>;

  /** Hides the message for `visibilityTimeoutMs` (0 or more) from now. */
  changeVisibility(queue: string, receipt: string, visibilityTimeoutMs: number): Promise<'changed' | 'stale'>;

  /** The same for a message that must still be in flight. */
  changeVisibilityInFlight(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<InFlightOutcome<'changed'>>;

  /** Deletes a message here and sends it to `to`, both or neither. There it was never received. `to` may be the same queue. */
  move(queue: string, receipt: string, to: string, moved: MovedMessage): Promise<'moved' | 'stale'>;

  depth(queue: string): Promise<Depth>;

  /** Deletes every message that was sent before now, whatever its state; in steps, so that others are served in between. */
  purge(queue: string): Promise<void>;

  /** Deletes every message that was sent before that wall-clock time (epoch milliseconds); answers how many. In steps. */
  expire(queue: string, sentBeforeMs: number): Promise<number>;

  /** Deletes a queue that nobody uses any more: its messages and its keys. In steps; what is sent meanwhile may survive. */
  drop(queue: string): Promise<void>;
}
