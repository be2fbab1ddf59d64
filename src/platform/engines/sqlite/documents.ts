/** Documents on the thread: the face's side. */
import { requestLimits } from '../../limits.ts';
import type {
  Change,
  CommitOutcome,
  Document,
  Documents,
  Json,
  Listing,
  Revision,
  Write,
} from '../../documents.ts';
import { checkLimit, checkName, checkPosition, checkPrefix, encodeWrites } from '../checks.ts';
import type { ChangeCursor, ChangePage, Watchers } from '../document-watch.ts';
import type { Link } from './link.ts';
import type { ChangeRow, DocumentRow } from './protocol.ts';

export class SqliteDocuments implements Documents {
  readonly #link: Link;
  readonly #watchers: Watchers;

  constructor(link: Link, watchers: Watchers) {
    this.#link = link;
    this.#watchers = watchers;
  }

  async get(key: string): Promise<Document | undefined> {
    checkName(key);
    const row = await this.#link.call('documents.get', { key });
    return row && documentOf(row);
  }

  async list(
    prefix: string,
    { after, limit = requestLimits.pageMax }: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<Listing> {
    checkPrefix(prefix);
    checkLimit(limit);
    if (after !== undefined) checkName(after);
    const { rows, more, revision } = await this.#link.call('documents.list', { prefix, after, limit });
    const documents = rows.map(documentOf);
    const next = more ? documents.at(-1)?.key : undefined;
    return { documents, revision, ...(next !== undefined && { next }) };
  }

  async commit(writes: readonly Write[]): Promise<CommitOutcome> {
    const encoded = encodeWrites(writes);
    const textUnits = encoded.reduce((sum, write) => sum + (write.kind === 'put' ? write.text.length : 0), 0);
    const outcome = await this.#link.call(
      'documents.commit',
      { writes: encoded },
      {
        textUnits,
        answered: (answer) => {
          if (answer.kind !== 'committed') return;
          this.#watchers.committed(
            answer.revision,
            encoded.map(({ key }) => key),
          );
        },
      },
    );
    if (outcome.kind === 'committed') return outcome;
    return { ...outcome, current: outcome.current && documentOf(outcome.current) };
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<Change, void> {
    checkPrefix(prefix);
    checkPosition(from);
    yield* this.#watchers.watch(prefix, from, signal, async (after) => this.#changes(prefix, after));
  }

  async #changes(prefix: string, after: ChangeCursor): Promise<ChangePage> {
    const page = await this.#link.call('documents.changes', { prefix, after }, { watching: true });
    if (page.kind === 'reset') return page;
    const last = page.rows.at(-1);
    return {
      kind: 'changes',
      changes: page.rows.map(changeOf),
      revision: page.revision,
      ...(page.more && last !== undefined && { next: { revision: last.revision, key: last.key } }),
    };
  }
}

function documentOf({ key, revision, value }: DocumentRow): Document {
  return { key, value: JSON.parse(value) as Json, revision };
}

function changeOf({ key, revision, value }: ChangeRow): Exclude<Change, { kind: 'caught-up' | 'reset' }> {
  return value === null
    ? { kind: 'delete', key, revision }
    : { kind: 'put', document: documentOf({ key, revision, value }) };
}
