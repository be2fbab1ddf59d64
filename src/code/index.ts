/** The public face of code: functions' archives are checked, stored, and unpacked for workers. */
export { archiveBytesMax, unpackedBytesLimit } from './limits.ts';
export { codeBlobPrefix, openCodeStore } from './service.ts';
export type { CodeStoreOptions, OpenCodeStore } from './service.ts';
export { S3Archives } from './host/s3-archives.ts';
export type { FetchOutcome, S3Location } from './host/s3-archives.ts';
export type { CodeStore, StoreOutcome, UnpackOutcome } from './store.ts';
export { archivePath, codeOfArchivePath } from './archive-path.ts';
export { readSignature } from './signed-archive.ts';
export type { ArchiveSignature, SignedBy, SigningKeys } from './signed-archive.ts';
