/** The public face of images. */
export { flatten } from './flatten/flatten.ts';
export type { FlattenedImage, FlattenOptions, FlattenProgress } from './flatten/flatten.ts';
export type { ChunkSink } from './ext4/chunk-stream.ts';
export type { Layer } from './layers/unpacked.ts';
export { ImageRefusal } from './refusal.ts';
export type { RefusalReason } from './refusal.ts';
export { ImageStore } from './roots/image-store.ts';
export type { ImageStoreOptions, StoredImage, UploadRequest } from './roots/image-store.ts';
export { sealed } from './chunks/upload.ts';
export type { ImageSink, UploadCounts } from './chunks/upload.ts';
export type { SealedChunk } from './chunks/seal.ts';
export { Collector } from './roots/collector.ts';
export type { Collected, CollectorOptions } from './roots/collector.ts';
export type { CollectionOptions, RootState } from './roots/state.ts';
export { openKeyring } from './chunks/keyring.ts';
export type { Keyring, KeyringOptions } from './chunks/keyring.ts';
export type { KmsKeys } from './chunks/kms-keyring.ts';
export type { LocalKeys } from './chunks/local-keyring.ts';
export { kmsService } from './chunks/kms.ts';
export { kmsKeyIdsMax } from './limits.ts';
export type { KmsAnswer, KmsCall } from './chunks/kms.ts';
export { masterKeysIn, readMasterKeys } from './host/master-key-file.ts';
export { ChunkError } from './chunks/errors.ts';
export type { ChunkErrorReason } from './chunks/errors.ts';
export { ChunkSource } from './reading/chunk-source.ts';
export type { ChunkSourceOptions, ReadCounts } from './reading/chunk-source.ts';
export { ImageReader } from './reading/image-reader.ts';
export type { ChunkTier } from './reading/tier.ts';
export { openDiskTier } from './host/disk-tier.ts';
export type { DiskTierOptions } from './host/disk-tier.ts';
export { openImageMounts } from './host/open-image-mounts.ts';
export type { DeviceProgram, ImageMountsOptions } from './host/image-mounts-options.ts';
export { imageMountsProblem } from './host/mounts-problem.ts';
export type {
  CountedImageMounts,
  ImageMounts,
  MountCounts,
  MountedImage,
  ZoneCache,
} from './device/mounted.ts';
export { serveImageDevices } from './host/device-program.ts';
export type { DeviceStore } from './host/device-program.ts';
export { openCacheNode } from './host/cache-node.ts';
export type { OpenCacheNode, OpenCacheNodeOptions } from './host/cache-node.ts';
export type { NodeCounts } from './cache/node.ts';
export { readSecretFile } from './host/secret-file.ts';
