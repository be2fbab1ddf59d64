/** The records of auto scaling in Documents: read, listed, and changed against the revision that was read. */
import type { Documents, Json, Revision, Write } from '#platform';
import { WireError } from '#wire';
import { commitAttemptsMax, writesPerCommitMax } from './limits.ts';

export interface Stored<Value> {
  readonly key: string;
  readonly value: Value;
  readonly revision: Revision;
}

export class Store {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async find<Value>(key: string): Promise<Stored<Value> | undefined> {
    const document = await this.#documents.get(key);
    return document && { key, value: document.value as unknown as Value, revision: document.revision };
  }

  /** All below a prefix, in order of their keys; what may stand there is bounded. */
  async below<Value>(prefix: string): Promise<readonly Stored<Value>[]> {
    const all: Stored<Value>[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#documents.list(prefix, after === undefined ? {} : { after });
      for (const { key, value, revision } of page.documents) {
        all.push({ key, value: value as unknown as Value, revision });
      }
      after = page.next;
      if (after === undefined) return all;
    }
  }

  /** A page of what is below a prefix, after a key. */
  async page<Value>(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly Stored<Value>[]; readonly next: string | undefined }> {
    const page = await this.#documents.list(prefix, { limit, ...(after !== undefined && { after }) });
    const items = page.documents.map(({ key, value, revision }) => ({
      key,
      value: value as unknown as Value,
      revision,
    }));
    return { items, next: page.next };
  }

  /** Reads, decides and writes, anew whenever somebody else was faster. No writes: nothing to change. */
  async change<Result>(
    decide: () => Promise<{ readonly writes: readonly Write[]; readonly result: Result }>,
  ): Promise<Result> {
    for (let attempt = 1; attempt <= commitAttemptsMax; attempt += 1) {
      const { writes, result } = await decide();
      if (writes.length === 0 || (await this.#documents.commit(writes)).kind === 'committed') return result;
    }
    throw new WireError('ConcurrentUpdateException', 'Concurrent updates caused an exception. Try again.');
  }

  /** Deletes all of it, a commit at a time; what is gone already is as asked. */
  async removeAll(stored: readonly Stored<unknown>[]): Promise<void> {
    for (let start = 0; start < stored.length; start += writesPerCommitMax) {
      const batch = stored.slice(start, start + writesPerCommitMax);
      await this.#documents.commit(batch.map(({ key }) => ({ kind: 'delete', key, expected: 'any' })));
    }
  }
}

export function put(key: string, before: Stored<unknown> | undefined, value: object): Write {
  return { kind: 'put', key, value: value as unknown as Json, expected: before?.revision ?? 'absent' };
}

/** Nothing new, but only if nobody has changed it meanwhile. */
export function hold(stored: Stored<object>): Write {
  return put(stored.key, stored, stored.value);
}

export function remove(stored: Stored<unknown>): Write {
  return { kind: 'delete', key: stored.key, expected: stored.revision };
}
