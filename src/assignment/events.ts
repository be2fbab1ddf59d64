/** What happens to a partition, and what it wants done: the messages between its pure state and its shell. */
import type { Admission } from '#counting';
import type { VersionRecord } from '#metadata';
import type { Placed } from '#placement';
import type { CreateOutcome, Initialization } from '#worker';
import type { Assigned } from './assignment.ts';
import type { JournalEntry } from './records.ts';

export type Event =
  /** An invoke found no idle environment (`take`). The ticket comes back in exactly one `answer`. */
  | { readonly kind: 'assign'; readonly ticket: number; readonly version: VersionRecord }
  /** So many environments of the version are to be kept ready. */
  | { readonly kind: 'want'; readonly version: VersionRecord; readonly count: number }
  | { readonly kind: 'admitted'; readonly environmentId: string; readonly admission: Admission }
  | {
      readonly kind: 'placed';
      readonly environmentId: string;
      readonly placed: Placed;
      readonly memoryMb: number;
    }
  | {
      readonly kind: 'created';
      readonly environmentId: string;
      readonly workerId: string;
      readonly outcome: CreateOutcome;
    }
  /** Counting or placement could not be asked. */
  | { readonly kind: 'start-failed'; readonly environmentId: string; readonly message: string }
  | { readonly kind: 'idle'; readonly environmentId: string }
  | { readonly kind: 'gone'; readonly environmentId: string; readonly reason: string }
  | { readonly kind: 'worker-lost'; readonly workerId: string }
  | { readonly kind: 'retire'; readonly generation: string }
  | { readonly kind: 'appended'; readonly next: number }
  | { readonly kind: 'append-failed'; readonly message: string }
  /** Somebody else has written: this leader is none any more. */
  | { readonly kind: 'append-conflict' }
  /** A start elsewhere found no room: the environment idle for longest may go. */
  | { readonly kind: 'yield' }
  /** Time has passed: at `wakeAtMs` at the latest, earlier does no harm. */
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'answer'; readonly ticket: number; readonly assigned: Assigned }
  | { readonly kind: 'admit'; readonly environmentId: string; readonly version: VersionRecord }
  | {
      readonly kind: 'place';
      readonly environmentId: string;
      readonly version: VersionRecord;
      readonly avoid: ReadonlySet<string>;
    }
  | {
      readonly kind: 'create';
      readonly environmentId: string;
      readonly workerId: string;
      readonly version: VersionRecord;
      readonly initialization: Initialization;
    }
  | { readonly kind: 'destroy'; readonly environmentId: string; readonly workerId: string }
  /** Placement need not count it any more. */
  | { readonly kind: 'unplace'; readonly workerId: string; readonly memoryMb: number }
  | { readonly kind: 'append'; readonly expected: number; readonly entries: readonly JournalEntry[] }
  /** The host is full or short of something: an idle environment of any partition should make room for the next start. */
  | { readonly kind: 'make-room' }
  | { readonly kind: 'trim'; readonly before: number }
  /** The state is of no more use: claim the partition again, then begin a new one. */
  | { readonly kind: 'step-down' };
