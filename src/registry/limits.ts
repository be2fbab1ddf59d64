/** The bounds of the registry, with their units. Everything that a client or another registry may make us keep or do has one. */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const minuteMs = 60_000;

/** What is pushed and kept. */
export const registryLimits = {
  /** Bytes of a manifest, and of an image's config. 4 MiB is what the distribution specification asks every registry to take. */
  manifestBytesMax: 4 * MiB,
  /** Bytes of a blob. */
  blobBytesMax: 10 * GiB,
  /** Layers of an image, or images of an index. */
  descriptorsMax: 256,
  /** Levels of JSON in a manifest or config. */
  jsonDepthMax: 32,
  /** Pieces of one upload: requests that brought some of it. */
  uploadPartsMax: 4096,
  /** Uploads at once, of all clients. */
  uploadsMax: 1000,
  /** How long an upload is kept that nobody goes on with. */
  uploadIdleMs: 24 * 60 * minuteMs,
  /** How long a blob is kept that no manifest of its repository names: whoever was told that it is there may be about to. */
  unreferencedMs: 24 * 60 * minuteMs,
  /** How old the knowledge of a use may be before it is written anew. */
  useFreshMs: 60 * minuteMs,
  /** Names in one page of tags, repositories or referrers. */
  pageMax: 1000,
  /** Characters of a repository's name: ECR's limit. */
  nameCharactersMax: 256,
  tagCharactersMax: 128,
  repositoriesMax: 10_000,
  /** Tags of one repository as a resource (not of images). */
  resourceTagsMax: 50,
  /** Attempts at a commit that others were faster at. */
  commitAttemptsMax: 50,
  /** Time between two collections of garbage. */
  collectIntervalMs: 15 * minuteMs,
} as const;

export type RegistryLimits = { readonly [name in keyof typeof registryLimits]: number };

/** Passwords of GetAuthorizationToken. */
export const passwordLimits = {
  lifetimeMs: 12 * 60 * minuteMs,
  charactersMax: 16 * KiB,
} as const;

/** What is asked of other registries. */
export const pullLimits = {
  /** From a request to the head of its answer. */
  answerMs: 30_000,
  /** Without a byte of a body. */
  idleMs: 30_000,
  /** A manifest, config or token as a whole. */
  smallAnswerMs: 60_000,
  redirectsMax: 5,
  /** Attempts at one request, the first included; and at a blob without a byte more in between. */
  attemptsMax: 4,
  backOffMs: 500,
  backOffMsMax: 8_000,
  /** Bytes of a token's answer, or of an error's. */
  tokenBytesMax: 256 * KiB,
  errorBytesMax: 16 * KiB,
  /** Seconds for which a token without a statement of its own is used, and the earliest end of one before its time. */
  tokenSecondsDefault: 60,
  tokenMarginMs: 10_000,
  tokensMax: 256,
  credentialsFileBytesMax: MiB,
  connectionsPerHostMax: 8,
} as const;

/** Imports of images. */
export const importLimits = {
  /** At once; each has a thread. */
  importsMax: 2,
  /** That wait for that. */
  waitingMax: 256,
  /** Bytes of layers that are on their way to a thread. */
  bytesAheadMax: 4 * MiB,
  /** Megabytes of a thread's heap: names of files take most of it. */
  threadHeapMbMax: 512,
  progressEveryMs: 5_000,
} as const;
