/**
 * Journal: the port for an ordered, durable log per partition. Leaders append to it, followers read and follow it.
 *
 * Sequences count from 0 in each partition and never repeat, also after a trim. Names of partitions follow the rules of document keys;
 * a body is at most 2 MiB, an append at most 32 MiB.
 */

export interface JournalRecord {
  readonly sequence: number;
  readonly body: Uint8Array;
}

export type AppendOutcome =
  /** `next` is the sequence that the following append must expect. */
  | { readonly kind: 'appended'; readonly next: number }
  /** Somebody else appended since: nothing was written, `next` is where the journal stands. */
  | { readonly kind: 'conflict'; readonly next: number };

export interface JournalBounds {
  /** The oldest sequence that can still be read; equals `next` when the partition is empty. */
  readonly first: number;
  /** The sequence that the next record will get. */
  readonly next: number;
}

export interface Journal {
  /**
   * Appends all of `bodies` (1..1000) in order if the partition's next sequence is `expected`, else nothing. `expected: 'any'` appends
   * wherever the journal stands, for logs that need no fencing. Resolves once durable.
   */
  append(partition: string, expected: number | 'any', bodies: readonly Uint8Array[]): Promise<AppendOutcome>;
  /**
   * Records from sequence `from` on, ascending, at most `limit` (1..1000, default 1000). Trimmed records are skipped over. Where bodies
   * are large it may return fewer (about 16 MiB at once), but never none while there are some.
   */
  read(partition: string, from: number, limit?: number): Promise<readonly JournalRecord[]>;
  /** All records from `from` on, then each new one as it is appended, until `signal` aborts. */
  follow(partition: string, from: number, signal: AbortSignal): AsyncIterable<JournalRecord>;
  bounds(partition: string): Promise<JournalBounds>;
  /** Forgets every record with a sequence below `before`. Trimming what is already gone is not an error. */
  trim(partition: string, before: number): Promise<void>;
}
