/**
 * Documents: the port for small, structured, durable state (functions, versions, aliases, settings).
 *
 * One ordered key space. Every commit gets the next store revision; a document carries the revision of the commit that
 * last wrote it. That one number serves both optimistic concurrency (`expected`) and watch resumption (`from`).
 *
 * Keys are 1..1024 UTF-16 code units of well-formed Unicode without U+0000; a value is at most 1 MiB as JSON text. Other requests are
 * bugs of the caller and reject with an `InvariantError`. A store that cannot serve rejects with a `StoreUnavailableError`.
 */

/** Any JSON value. A document must survive `JSON.parse(JSON.stringify(value))` unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Increases by at least one with every commit to the store; 0 before the first. */
export type Revision = number;

export interface Document {
  readonly key: string;
  readonly value: Json;
  /** The revision of the commit that last wrote this document. */
  readonly revision: Revision;
}

/**
 * What a write requires of the document it replaces: `any`, `absent`, or the exact revision that the writer has read.
 */
export type Expected = 'any' | 'absent' | Revision;

export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: Json; readonly expected: Expected }
  | { readonly kind: 'delete'; readonly key: string; readonly expected: Expected };

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly revision: Revision }
  /** Nothing was written: `key` is the first whose expectation did not hold. */
  | { readonly kind: 'conflict'; readonly key: string; readonly current: Document | undefined };

export interface Listing {
  /** In ascending order of key (by Unicode code point, which is the order of UTF-8 bytes). */
  readonly documents: readonly Document[];
  /** Pass as `after` for the next page; absent on the last page. */
  readonly next?: string;
  /** The listing is exactly the state after this revision: a watch from here misses nothing. */
  readonly revision: Revision;
}

/**
 * One step of a watch. Changes arrive in order of revision; a key that changed several times may be reported only with
 * its newest state. `caught-up` follows when everything up to `revision` was delivered (also when nothing matched).
 * `reset` says that the store cannot resume from `from` (it is older than the deletions that are remembered, or newer than the
 * store): the watch ends; list again, then watch from the listing's revision.
 */
export type Change =
  | { readonly kind: 'put'; readonly document: Document }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: Revision }
  | { readonly kind: 'caught-up'; readonly revision: Revision }
  | { readonly kind: 'reset' };

export interface Documents {
  get(key: string): Promise<Document | undefined>;
  /** Ordered by key; `after` is exclusive; at most `limit` documents (1..1000, default 1000). */
  list(prefix: string, options?: { readonly after?: string; readonly limit?: number }): Promise<Listing>;
  /** Writes all or nothing. Resolves once durable. 1..100 writes; each key at most once. */
  commit(writes: readonly Write[]): Promise<CommitOutcome>;
  /**
   * Changes to keys that start with `prefix`, made after revision `from`, until `signal` aborts (the iteration then ends). Throws a
   * `StoreUnavailableError` when the store closes or fails.
   */
  watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<Change>;
}
