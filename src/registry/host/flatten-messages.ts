/**
 * What goes between the service and the thread that makes an image of layers.
 *
 *     service ─▶ thread   piece, end, broken     of the layer that the thread asked for; at most `bytesAheadMax` ahead of what it used
 *     service ─▶ thread   taken                  a chunk is stored: its place is free
 *     thread ─▶ service   open, used             wants a layer; has used so many bytes
 *     thread ─▶ service   chunk                  sealed, or nothing where it is all zeros
 *     thread ─▶ service   done, refused, failed  the end
 */
import type { FlattenedImage, FlattenProgress, RefusalReason } from '#images';

export interface FlattenTask {
  readonly salt: Uint8Array;
  readonly layers: readonly { readonly digest: string; readonly diffId: string }[];
}

export interface SentChunk {
  readonly name: string;
  readonly key: Uint8Array;
  readonly ciphertext: Uint8Array;
}

export type ToThread =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'taken'; readonly index: number; readonly isStored: boolean };

export type FromThread =
  | { readonly kind: 'open'; readonly layer: number }
  | { readonly kind: 'used'; readonly bytes: number }
  | { readonly kind: 'chunk'; readonly index: number; readonly chunk: SentChunk | undefined }
  | { readonly kind: 'progress'; readonly progress: FlattenProgress }
  | { readonly kind: 'done'; readonly image: FlattenedImage }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };
