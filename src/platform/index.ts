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
export { DocumentFollower } from './document-follower.ts';
export type { DocumentChange, DocumentFollowerOptions } from './document-follower.ts';
export type { Journal, JournalRecord, JournalBounds, AppendOutcome } from './journal.ts';
export type {
  Queue,
  Message,
  Depth,
  NewMessage,
  MovedMessage,
  Receiving,
  Sent,
  InFlightOutcome,
} from './queue.ts';
export type { Blobs, BlobInfo } from './blobs.ts';
export type { Clock, Cancel } from './clock.ts';
export { compiledCodeVariables } from './compiled-code.ts';
export { nodeHttp, nodeHttps } from '#lib/node-http';
export { pause } from './pause.ts';
export { createOwnerFile, readOwnerFile } from './owner-file.ts';
export {
  addRecord,
  changeRecords,
  holdRecord,
  putRecord,
  recordsBelow,
  removeRecord,
  replaceRecord,
  storedRecord,
} from './records.ts';
export type { ChangeOutcome, Changing, Decision, Stored } from './records.ts';
export type { Random, Entropy } from './random.ts';
export { StoreUnavailableError } from './unavailable.ts';
export type { UnavailableReason } from './unavailable.ts';
export { engineLimits, requestLimits } from './limits.ts';
export type { EngineLimits } from './limits.ts';
export { loopLoad } from './loop-load.ts';
export { systemClock } from './system-clock.ts';
export { systemEntropy, systemRandom } from './system-random.ts';
export { FakeClock } from './fake-clock.ts';
export { seededEntropy, seededRandom } from './seeded-random.ts';
