/** The ports of the platform: all that a service may know of durable state, time and chance. */
export type {
  Documents,
  Document,
  Json,
  Revision,
  Expected,
  Write,
  CommitOutcome,
  Listing,
  Change,
} from './documents.ts';
export type { Journal, JournalRecord, JournalBounds, AppendOutcome } from './journal.ts';
export type { Queue, Message, Depth } from './queue.ts';
export type { Blobs, BlobInfo } from './blobs.ts';
export type { Clock, Cancel } from './clock.ts';
export type { Random, Entropy } from './random.ts';
