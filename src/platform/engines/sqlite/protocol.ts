/** What the engine's face and its thread say to each other. Bodies travel as transferred buffers, documents as JSON text. */
import type { EngineLimits } from '../../limits.ts';
import type { AppendOutcome, JournalBounds } from '../../journal.ts';
import type { Depth, InFlightOutcome, Sent } from '../../queue.ts';
import type { UnavailableReason } from '../../unavailable.ts';
import type { EncodedWrite } from '../checks.ts';
import type { ChangeCursor } from '../document-watch.ts';
import type { RecordPage } from '../journal-follow.ts';

export interface DocumentRow {
  readonly key: string;
  readonly revision: number;
  readonly value: string;
}

/** A document, or with `value` null the tombstone of one. */
export interface ChangeRow {
  readonly key: string;
  readonly revision: number;
  readonly value: string | null;
}

/** A body is `bodyBytes` of the bytes that stand beside the rows, in their order: handing over one buffer is cheaper than one for each. */
export interface ReceivedRow {
  readonly sequence: number;
  readonly messageId: string;
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  readonly receiveCount: number;
  readonly groupName: string | null;
  readonly bodyBytes: number;
}

/** Which message, at which reception. */
export interface Reception {
  readonly queue: string;
  readonly sequence: number;
  readonly receiveCount: number;
  readonly messageId: string;
}

/** A message to store. */
export interface MessageRow {
  readonly messageId: string;
  readonly sentAtMs: number;
  readonly visibleAtMs: number;
  /** It is not visible at once. */
  readonly delayed: boolean;
  readonly group: string | null;
  readonly body: Uint8Array;
}

/** The same in a send of many, whose bodies stand beside them one after the other. */
export type PackedMessageRow = Omit<MessageRow, 'body'> & {
  readonly bodyBytes: number;
  readonly once: { readonly key: string; readonly untilMs: number } | undefined;
};

/** `nowMs` where the message must be in flight. */
interface InFlight {
  readonly nowMs?: number;
}

/** Every call, with what it asks and what it is answered. Times are the face's, in epoch milliseconds of store time. */
export interface Calls {
  'documents.get': { ask: { key: string }; answer: DocumentRow | undefined };
  'documents.list': {
    ask: { prefix: string; after: string | undefined; limit: number };
    answer: { rows: readonly DocumentRow[]; more: boolean; revision: number };
  };
  'documents.changes': {
    ask: { prefix: string; after: ChangeCursor };
    answer:
      | { kind: 'changes'; rows: readonly ChangeRow[]; more: boolean; revision: number }
      | { kind: 'reset' };
  };
  'documents.commit': {
    ask: { writes: readonly EncodedWrite[] };
    answer:
      | { kind: 'committed'; revision: number }
      | { kind: 'conflict'; key: string; current: DocumentRow | undefined };
  };
  'journal.append': {
    ask: { partition: string; expected: number | 'any'; bodies: readonly Uint8Array[] };
    answer: AppendOutcome;
  };
  'journal.read': { ask: { partition: string; from: number; limit: number }; answer: RecordPage };
  'journal.bounds': { ask: { partition: string }; answer: JournalBounds };
  /** Answers whether there is more to delete: ask again. */
  'journal.trim': { ask: { partition: string; before: number }; answer: 'trimmed' | 'more' };
  'queue.send': {
    ask: {
      queue: string;
      nowMs: number;
      messages: readonly PackedMessageRow[];
      bodies: Uint8Array;
    };
    answer: { sent: readonly Sent[] };
  };
  'queue.receive': {
    ask: {
      queue: string;
      nowMs: number;
      wallMs: number;
      max: number;
      visibleAtMs: number;
      inGroups: boolean;
    };
    answer: { rows: readonly ReceivedRow[]; bodies: Uint8Array<ArrayBuffer> };
  };
  /** Answers the store time at which a message can be received. */
  'queue.next': { ask: { queue: string; inGroups: boolean }; answer: number | undefined };
  'queue.delete': { ask: Reception & InFlight; answer: InFlightOutcome<'deleted'> };
  'queue.change': {
    ask: Reception & InFlight & { visibleAtMs: number };
    answer: InFlightOutcome<'changed'>;
  };
  'queue.move': { ask: Reception & { to: string; moved: MessageRow }; answer: 'moved' | 'stale' };
  /** The highest sequence that a message of the queue can have. */
  'queue.last': { ask: { queue: string }; answer: number };
  /** These answer how many were deleted: ask again while it is as many as a step deletes. */
  'queue.purge': { ask: { queue: string; through: number }; answer: number };
  'queue.expire': { ask: { queue: string; sentBeforeMs: number }; answer: number };
  'queue.forget': { ask: { queue: string }; answer: number };
  'queue.depth': { ask: { queue: string; nowMs: number }; answer: Depth };
}

export type CallName = keyof Calls;
export type Ask<Name extends CallName> = Calls[Name]['ask'];
export type Answer<Name extends CallName> = Calls[Name]['answer'];

/** What serves the calls on the thread's side. */
export type Handlers = { readonly [Name in CallName]: (ask: Ask<Name>) => Answer<Name> };

/** These may write, so they share the round's transaction; all others only read. */
export const writingCalls: ReadonlySet<CallName> = new Set<CallName>([
  'documents.commit',
  'journal.append',
  'journal.trim',
  'queue.send',
  'queue.receive',
  'queue.delete',
  'queue.change',
  'queue.move',
  'queue.purge',
  'queue.expire',
  'queue.forget',
]);

export interface Request {
  readonly id: number;
  readonly name: CallName;
  readonly ask: unknown;
}

export interface Failure {
  readonly reason: UnavailableReason;
  readonly code: string;
  readonly message: string;
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: Failure };

export type ToThread =
  | { readonly kind: 'requests'; readonly requests: readonly Request[] }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-opened'; readonly failure: Failure }
  | { readonly kind: 'replies'; readonly replies: readonly Reply[] }
  | { readonly kind: 'closed' };

export interface ThreadOptions {
  readonly path: string;
  readonly limits: EngineLimits;
}
