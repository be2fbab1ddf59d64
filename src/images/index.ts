/** The public face of images. */
export { flatten } from './flatten/flatten.ts';
export type { FlattenedImage, FlattenOptions, FlattenProgress } from './flatten/flatten.ts';
export type { ChunkSink } from './ext4/chunk-stream.ts';
export type { Layer } from './layers/unpacked.ts';
export { ImageRefusal } from './refusal.ts';
export type { RefusalReason } from './refusal.ts';
