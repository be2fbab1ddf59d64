/** What stands in a layer's archive: one of these per name. Text is latin1, one character per byte. */
import type { Piece } from './sparse.ts';

export interface Time {
  /** Since 1970, may be negative. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface Attribute {
  /** With its namespace: `security.capability`. */
  readonly name: string;
  readonly value: string;
}

export interface Metadata {
  readonly path: string;
  /** The lowest 12 bits: permissions, set-user-id, set-group-id, sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Time;
  readonly attributes: readonly Attribute[];
}

export type Entry = Metadata &
  (
    | {
        readonly kind: 'file';
        readonly sizeBytes: number;
        /** Where the data belong; undefined: from start to end. */
        readonly pieces: readonly Piece[] | undefined;
      }
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: string }
    /** A further name of the file at `target`. */
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'fifo' }
  );
