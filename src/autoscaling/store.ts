/** The records of auto scaling in Documents: read, listed, and changed against the revision that was read. */
import {
  changeRecords,
  type Decision,
  type Documents,
  recordsBelow,
  type Stored,
  storedRecord,
} from '#platform';
import { WireError } from '#wire';
import { commitAttemptsMax, writesPerCommitMax } from './limits.ts';

export class Store {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async find<Value>(key: string): Promise<Stored<Value> | undefined> {
    const document = await this.#documents.get(key);
    return document && storedRecord<Value>(document);
  }

  /** All below a prefix, in order of their keys; what may stand there is bounded. */
  below<Value>(prefix: string): Promise<readonly Stored<Value>[]> {
    return recordsBelow(this.#documents, prefix);
  }

  /** A page of what is below a prefix, after a key. */
  async page<Value>(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly Stored<Value>[]; readonly next: string | undefined }> {
    const page = await this.#documents.list(prefix, { limit, ...(after !== undefined && { after }) });
    return { items: page.documents.map(storedRecord<Value>), next: page.next };
  }

  /** Reads, decides and writes, anew whenever somebody else was faster. No writes: nothing to change. */
  async change<Result>(decide: () => Promise<Decision<Result>>): Promise<Result> {
    const changing = { documents: this.#documents, attemptsMax: commitAttemptsMax };
    const outcome = await changeRecords(changing, decide);
    if (outcome.kind === 'done') return outcome.result;
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
