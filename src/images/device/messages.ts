/** What Lambkin and the program that serves its block devices say to each other: copied between the two processes, in order. */
import type { Json } from '#platform';
import type { MountCounts, ZoneCache } from './mounted.ts';

/** Asked by Lambkin, each answered once. The end of the channel unmounts everything. */
export type DeviceRequest =
  /** The first one: clears what an earlier run left, and begins. */
  | {
      readonly kind: 'open';
      readonly settings: Json;
      readonly cache: { readonly directory: string; readonly bytesMax: number };
      readonly memoryBytesMax: number;
      readonly zone: ZoneCache | undefined;
      /** Reads of the first so many milliseconds after a mount are the image's start. */
      readonly traceMs: number;
    }
  | {
      readonly kind: 'mount';
      /** Never used again. */
      readonly mount: number;
      readonly image: string;
      /** In the clear; see chunks/manifest.ts. */
      readonly manifest: Uint8Array;
      /** Where the image stands. */
      readonly root: number;
      /** Chunks to fetch ahead; empty: this start is to be recorded. */
      readonly trace: readonly number[];
    }
  | { readonly kind: 'unmount'; readonly mount: number }
  | { readonly kind: 'counts' };

export interface Mounted {
  readonly mount: number;
  readonly directory: string;
}

export interface DeviceAnswers {
  readonly open: null;
  /** The root of its file system. */
  readonly mount: string;
  readonly unmount: null;
  readonly counts: MountCounts;
}

export type ToDevice =
  | { readonly kind: 'request'; readonly id: number; readonly request: DeviceRequest }
  /** undefined: it is not known now. */
  | { readonly kind: 'located'; readonly id: number; readonly root: number | undefined };

export type FromDevice =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
  /** Where does the image stand? `again`: something is missing where it was. */
  | { readonly kind: 'locate'; readonly id: number; readonly image: string; readonly again: boolean }
  /** The image's first reads since it was mounted. */
  | { readonly kind: 'trace'; readonly image: string; readonly indexes: readonly number[] }
  /** The mount broke: reads of it fail. */
  | { readonly kind: 'lost'; readonly mount: number }
  | { readonly kind: 'warning'; readonly message: string };
