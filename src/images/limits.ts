/** The bounds of images, with their units. Everything that a stranger's layer may make us keep or do has one. */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Bytes of a chunk, in the clear and encrypted. */
export const chunkBytes = 512 * KiB;
/** Bytes of a block of the file system. */
export const blockBytes = 4 * KiB;
export const blocksPerChunk = chunkBytes / blockBytes;

/** What a single image may be. */
export const imageLimits = {
  /** As Docker bounds it. */
  layersMax: 127,
  /** Contents of files, all layers together, also of files that a later layer replaces. AWS: 10 GB unpacked. */
  unpackedBytesMax: 10 * GiB,
  /** Names in all directories, at any time. Each costs about 300 bytes of memory while the image is made. */
  entriesMax: 400_000,
  /** Headers in all layers, whiteouts and replaced files included. */
  headersMax: 1_000_000,
  /** Bytes of names and link targets that are in the tree. */
  textBytesMax: 32 * MiB,
} as const;

export type ImageLimits = { readonly [name in keyof typeof imageLimits]: number };

export const tarLimits = {
  /** Bytes of a layer's tar stream: contents, a header each, and padding. */
  streamBytesMax: 14 * GiB,
  /** Bytes of one pax header or GNU long name. */
  extensionBytesMax: MiB,
  /** Extension headers in a row before the entry that they are about. */
  extensionsInRowMax: 8,
  recordsPerHeaderMax: 1024,
  /** Bytes of a name with its directories, without the NUL: PATH_MAX less one. */
  pathBytesMax: 4095,
  /** Bytes of one name in a directory: ext4's limit. */
  nameBytesMax: 255,
  /** Bytes of a symbolic link's target: it must fit in a block with its NUL. */
  linkBytesMax: 4095,
  /** Bytes that a sparse file may pretend to have. */
  sparseBytesMax: 1024 * GiB,
  /** Pieces of data in a sparse file. */
  sparsePiecesMax: 65_536,
  /** The same in all files of an image together. */
  sparsePiecesPerImageMax: 1_000_000,
  /** Bytes of the map at the head of a sparse file (pax 1.0): numbers of up to 20 digits, one a line. */
  sparseMapBytesMax: 3 * MiB,
} as const;

export const treeLimits = {
  /** Directories in each other. */
  depthMax: 1024,
  /** Symbolic links followed for one name, as Linux does. */
  linksFollowedMax: 40,
  /** Names looked up for one path, those of followed links included. */
  stepsMax: 8192,
  /** Names of one file (ext4's limit). */
  linksMax: 65_000,
  /** Extended attributes of one file. */
  attributesMax: 64,
} as const;

/** Bytes that a decompressor gives at a time. */
export const inflatedPieceBytes = 256 * KiB;
/** Base-two logarithm of the window that a zstd layer may ask for: 64 MiB, enough for `zstd --ultra -21`. */
export const zstdWindowLogMax = 26;
/** Frames of a zstd layer: seekable forms have one per file or piece. */
export const zstdFramesMax = 2_000_000;

/** Chunks that are being sealed and stored while the next ones are made. Each takes its bytes of memory, twice while it is encrypted. */
export const chunksInFlightMax = 8;
/** Chunks at the head of an image for the superblock, group descriptors and bitmaps. */
export const headChunks = 2;
/** Groups whose bitmaps fit there: 126 of 128 MiB. */
export const groupsMax = 126;

/** Reading, on a worker. */
export const readLimits = {
  /** Chunks that are fetched at once, for all images together. */
  missesMax: 32,
  /** Chunks that wait for that. */
  missesWaitingMax: 4096,
  /** Bytes that one read may ask for. */
  readBytesMax: 32 * MiB,
  /** Chunks in the record of an image's start. */
  traceChunksMax: 4096,
  /** Chunks that are fetched ahead at once, for all images together, and that wait for it. */
  readaheadMax: 8,
  readaheadWaitingMax: 4096,
  /** Chunks of a trace that are fetched ahead: at most this share of what memory holds. */
  readaheadShare: 0.5,
  /** Chunks that wait to be written to the disk cache; more are not kept. */
  diskWritesMax: 64,
} as const;

/** Names of functions' versions that keep one image. */
export const referencesMax = 10_000;
/** Attempts at a commit that others were faster at. */
export const commitAttemptsMax = 20;
/** How long what the store says of its roots is believed on the path of a read. */
export const rootsFreshMs = 10_000;
/** Chunks that are carried to another root at once. */
export const carriesMax = 8;
/** Blobs that are deleted at once. */
export const deletionsMax = 16;

/** What a client of a block device may make us do. */
export const nbdLimits = {
  connectionsMax: 16,
  /** Until an export is granted. */
  handshakeMs: 10_000,
  optionsMax: 64,
  /** Bytes of an option's data: the longest name of an export, and the facts that are asked for. */
  optionBytesMax: 8 * KiB,
  /** Requests of one connection that are read, or whose answers are being sent. */
  requestsInFlightMax: 128,
  /** Bytes of these together; one request may go beyond it alone. */
  bytesInFlightMax: 32 * MiB,
  /** Bytes that reads should be of. */
  preferredBytes: blockBytes,
} as const;

/** Mounted images of a worker. */
export const mountLimits = {
  /** Each has a loop device and a process of a few MB. */
  mountsMax: 256,
  /** How long an image stays mounted that nobody uses. */
  idleMs: 5 * 60_000,
  /** How long a program of the system may take to mount or unmount. */
  commandMsMax: 20_000,
  /** Threads of the device program that wait for files. */
  fileThreads: 16,
  /** How long nbdfuse may go on after it was unmounted. */
  fuseEndMsMax: 2000,
  /** How often it is looked whether something is there, or gone. */
  lookMs: 5,
  /** How long Lambkin may take to say where an image stands. */
  locateMsMax: 5000,
  /** How long the device program may take to begin, and to end. */
  openMsMax: 30_000,
  closeMsMax: 30_000,
  /** Reads of the first so many milliseconds after a mount are the image's start. */
  traceMs: 10_000,
  /** Characters of a warning. */
  warningCharactersMax: 500,
} as const;

/** Second requests to a store that is slow to answer the first. */
export const hedgeLimits = {
  /** An answer is slow when it takes longer than this share of the last ones. */
  slowShare: 0.95,
  /** Last answers that are looked at, and after how many. */
  window: 256,
  learnEvery: 32,
  /** Before there were that many answers. */
  slowMsAtFirst: 500,
  /** ... by so many milliseconds. */
  slowerMs: 2,
  /** Second requests for each first one, and how many may be saved up. */
  extraShare: 0.05,
  budgetMax: 10,
  /** When no answer is taken for a failure. */
  answerMsMax: 30_000,
} as const;

/** The zone's cache: workers that ask it, and its nodes. */
export const zoneLimits = {
  nodesMax: 64,
  /** How long a node may take to answer. */
  answerMsMax: 1000,
  /** Failures of a node in a row until it is left alone, and for how long. */
  failuresMax: 3,
  restMs: 5000,
  /** Chunks that one worker gives the zone to keep at once; more are not kept. */
  keepingMax: 32,
  /** Requests of a worker that a node has not answered. */
  pendingPerNodeMax: 128,
  /** Connections of a worker to a node, and of all workers to it. */
  connectionsPerNodeMax: 16,
  connectionsMax: 1024,
  /** How long a connection may be idle. */
  idleConnectionMs: 60_000,
  /** How long a request to a node may take to arrive. */
  requestMsMax: 10_000,
  /** Bytes of a shared secret's file, and characters of the secret. */
  secretFileBytesMax: 1024,
  secretCharactersMin: 16,
} as const;

/** Keys in KMS that may have sealed what is in the store. */
export const kmsKeyIdsMax = 4;

/** What is asked of KMS. */
export const kmsLimits = {
  /** Bytes of an encrypted data key: what KMS takes to decrypt. */
  blobBytesMax: 6144,
  /** Calls at once, and those that wait for that. */
  callsMax: 32,
  callsWaitingMax: 4096,
  /** How long one call may take, and bytes of its answer. */
  callMsMax: 5000,
  answerBytesMax: 32 * KiB,
  /** Attempts at one call, and after how long no further one begins. */
  attemptsMax: 5,
  askMsMax: 20_000,
  /** Pause before the second attempt, doubled before each further one. */
  backOffMs: 200,
  backOffMsMax: 3000,
  /** Data keys that are kept in the clear, in memory, and how long. */
  keysKeptMax: 1024,
  keyKeptMs: 5 * 60_000,
  /** Characters of what KMS says of an error. */
  reasonCharactersMax: 300,
} as const;
