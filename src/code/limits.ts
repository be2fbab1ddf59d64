/** Every bound of the code store, in one place. The first two are AWS's; the others keep hostile archives small. */

/** Largest archive in a request, in bytes (AWS: 50 MB). */
export const archiveBytesMax = 52_428_800;
/** Largest archive from S3, in bytes: what it unpacks to is bounded besides. */
export const fetchedArchiveBytesMax = 262_144_000;
/** What an archive unpacks to must stay below this many bytes (AWS: 250 MB). */
export const unpackedBytesLimit = 262_144_000;
/** Most entries of an archive, directories included. */
export const entriesMax = 100_000;
/** Longest path of an entry, in bytes of UTF-8 (room for the task root within PATH_MAX, 4096). */
export const pathBytesMax = 1_024;
/** Longest name of one file or directory, in bytes of UTF-8 (NAME_MAX). */
export const nameBytesMax = 255;
/** Most directories above an entry. */
export const depthMax = 64;
/** Longest target of a symbolic link, in bytes. */
export const linkTargetBytesMax = 1_024;
/** Most symbolic links on the way to one target (Linux follows 40). */
export const linkHopsMax = 40;
/** Most path segments looked at to follow all links of an archive. */
export const linkStepsMax = 200_000;

/** Entries up to this size, packed and unpacked, are inflated in one synchronous step; larger ones are streamed. */
export const wholeEntryBytesMax = 256 * 1024;
/** After this much synchronous work the event loop gets a turn. */
export const turnBytesMax = 1024 * 1024;
export const turnEntriesMax = 64;
/** Archives fetched from S3 at once (each is held in memory), and how many may wait for their turn. */
export const fetchesMax = 2;
export const fetchesQueuedMax = 64;
/** Until S3 takes a connection; without a byte from it; and for the whole archive. */
export const fetchConnectMsMax = 5_000;
export const fetchIdleMsMax = 30_000;
export const fetchMsMax = 300_000;

/** Archives up to this size are hashed in one synchronous step. */
export const syncDigestBytesMax = 1024 * 1024;

/** Disk that unpacked trees may take before unused ones are evicted, in bytes. Trees in use are never evicted. */
export const treesBytesMaxDefault = 4 * 1024 * 1024 * 1024;
/** What an entry costs on disk besides its bytes, roughly. */
export const entryOverheadBytes = 4_096;

/** The manifest of a signed archive, in bytes: some 100 for each of its files. */
export const manifestBytesMax = 16 * 1024 * 1024;
/** The signature of a manifest, in bytes; one of P-521 has 139. */
export const signatureBytesMax = 1_024;
