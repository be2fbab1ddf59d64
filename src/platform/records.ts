/**
 * Records in Documents: read with the revision that a change of them must expect, and changed by reading, deciding and writing, anew whenever somebody
 * else was faster. What a record is made of is known to its component alone, which writes all of its kind.
 */
import type { Document, Documents, Json, Revision, Write } from './documents.ts';

/** A record with the revision that a change of it must expect. */
export interface Stored<Value> {
  readonly key: string;
  readonly value: Value;
  readonly revision: Revision;
}

/** What a change decides after reading: the writes that make it so, and its answer. No writes: nothing to change. */
export interface Decision<Result> {
  readonly writes: readonly Write[];
  readonly result: Result;
}

export type ChangeOutcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** Others were faster, every time. */
  | { readonly kind: 'contended' };

export interface Changing {
  readonly documents: Documents;
  /** Commits that are tried until the change is given up as contended. */
  readonly attemptsMax: number;
  /** Resolves when whoever must see the change before it is answered has seen everything up to a revision. */
  readonly reached?: (revision: Revision) => Promise<void>;
}

/** Reads, decides and writes, anew whenever somebody else was faster. Rejects as `decide` and the store do. */
export async function changeRecords<Result>(
  { documents, attemptsMax, reached }: Changing,
  decide: () => Promise<Decision<Result>>,
): Promise<ChangeOutcome<Result>> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const { writes, result } = await decide();
    if (writes.length === 0) return { kind: 'done', result };
    const outcome = await documents.commit(writes);
    if (outcome.kind === 'committed') {
      await reached?.(outcome.revision);
      return { kind: 'done', result };
    }
  }
  return { kind: 'contended' };
}

export function storedRecord<Value>({ key, value, revision }: Document): Stored<Value> {
  return { key, value: value as unknown as Value, revision };
}

/** All records below a prefix, in order of their keys: for what may stand there in bounded numbers only. */
export async function recordsBelow<Value>(
  documents: Documents,
  prefix: string,
): Promise<readonly Stored<Value>[]> {
  const all: Stored<Value>[] = [];
  for (let after: string | undefined; ;) {
    const page = await documents.list(prefix, after === undefined ? {} : { after });
    for (const document of page.documents) all.push(storedRecord<Value>(document));
    after = page.next;
    if (after === undefined) return all;
  }
}

/** Writes where nothing is. */
export function addRecord(key: string, value: object): Write {
  return { kind: 'put', key, value: value as unknown as Json, expected: 'absent' };
}

/** Writes a new value over exactly the one that was read. */
export function replaceRecord<Value>(before: Stored<Value>, value: Value): Write {
  return { kind: 'put', key: before.key, value: value as unknown as Json, expected: before.revision };
}

/** Writes over what was read, or where nothing was found. */
export function putRecord<Value extends object>(
  key: string,
  before: Stored<Value> | undefined,
  value: Value,
): Write {
  return before === undefined ? addRecord(key, value) : replaceRecord(before, value);
}

/** Writes nothing new, but only if nobody has changed the record meanwhile; whoever does the same loses. */
export function holdRecord(before: Stored<unknown>): Write {
  return replaceRecord(before, before.value);
}

/** Deletes exactly what was read. */
export function removeRecord(before: Stored<unknown>): Write {
  return { kind: 'delete', key: before.key, expected: before.revision };
}
