/** The bounds of the platform, with their units. The ports promise the first group; engines may be opened with other values of the second. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** What a single call may ask; more is a bug of the caller. */
export const requestLimits = {
  /** UTF-16 code units in a document's key, and in the name of a partition or queue. */
  nameUnitsMax: 1024,
  /** UTF-16 code units of a document's value as JSON text. */
  documentUnitsMax: MiB,
  writesPerCommitMax: 100,
  /** Documents, records, messages or blobs in one answer. */
  pageMax: 1000,
  bodiesPerRequestMax: 1000,
  bodyBytesMax: 2 * MiB,
  /** All bodies of one request together. */
  requestBytesMax: 32 * MiB,
  /** 10 years: far beyond any timeout, and still exact when added to a wall-clock time. */
  delayMsMax: 10 * 365 * 86_400_000,
  blobKeyCharactersMax: 512,
  blobKeySegmentCharactersMax: 120,
} as const;

/** What an engine keeps or lets wait. */
export interface EngineLimits {
  /** Requests that were made and not answered yet; more are refused as overloaded. */
  readonly waitingRequestsMax: number;
  /** The same, as the bytes of their bodies and texts. */
  readonly waitingBytesMax: number;
  /** Requests that share one transaction. */
  readonly roundRequestsMax: number;
  /** Bytes of bodies in one answer, after which it is cut short (it has at least one body). */
  readonly answerBytesMax: number;
  /** Deletions that are remembered so that watchers hear of them. */
  readonly tombstonesMax: number;
  /** Watches and follows that are open at once. */
  readonly watchersMax: number;
  /** Changes or records that a watch or follow reads at once. */
  readonly watchPageMax: number;
  /** Records that a trim deletes in one transaction. */
  readonly trimRecordsMax: number;
}

export const engineLimits: EngineLimits = {
  waitingRequestsMax: 10_000,
  waitingBytesMax: 128 * MiB,
  roundRequestsMax: 1000,
  answerBytesMax: 16 * MiB,
  tombstonesMax: 10_000,
  watchersMax: 4096,
  watchPageMax: 256,
  trimRecordsMax: 1000,
};
