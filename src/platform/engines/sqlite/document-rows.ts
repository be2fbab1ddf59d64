/** Documents in the database: the thread's side. */
import type { DatabaseSync } from 'node:sqlite';
import { compareCodePoints, prefixEnd } from '#lib/code-point-order';
import { requestLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { Answer, Ask, ChangeRow, DocumentRow, Handlers } from './protocol.ts';

type DocumentHandlers = Pick<
  Handlers,
  'documents.get' | 'documents.list' | 'documents.changes' | 'documents.commit'
>;

interface StoreRow {
  readonly revision: number;
  readonly prunedRevision: number;
  readonly tombstones: number;
}

/** Above every key there can be: one more of the highest code points than fits into a key. */
const endOfKeys = '\u{10FFFF}'.repeat(requestLimits.nameUnitsMax / 2 + 1);

/**
 * Changes after (?1, ?2) to keys that start with ?3. The prefix is compared in a way that no index serves: the search must go by
 * revision, so that a watch looks at what is new and not at everything that has its prefix.
 */
export const changesSql = `
  SELECT key, revision, value FROM documents
    WHERE (revision, key) > (?1, ?2) AND substr(key, 1, length(?3)) = ?3
  UNION ALL
  SELECT key, revision, NULL FROM tombstones
    WHERE (revision, key) > (?1, ?2) AND substr(key, 1, length(?3)) = ?3
  ORDER BY revision, key LIMIT ?4`;

/** One lower bound only: given two, SQLite searches from one of them and filters by the other, which may be every key there is. */
export const rangeSql = (lower: '>' | '>='): string =>
  `SELECT key, revision, value FROM documents WHERE key ${lower} ? AND key < ? ORDER BY key LIMIT ?`;

export function documentHandlers(database: DatabaseSync, limits: EngineLimits): DocumentHandlers {
  const selectStore = database.prepare(
    'SELECT revision, pruned_revision AS prunedRevision, tombstones FROM store WHERE id = 1',
  );
  const updateStore = database.prepare(
    'UPDATE store SET revision = ?, pruned_revision = ?, tombstones = ? WHERE id = 1',
  );
  const selectDocument = database.prepare('SELECT key, revision, value FROM documents WHERE key = ?');
  const selectFrom = database.prepare(rangeSql('>='));
  const selectAfter = database.prepare(rangeSql('>'));
  const upsertDocument = database.prepare(
    `INSERT INTO documents (key, revision, value) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value`,
  );
  const deleteDocument = database.prepare('DELETE FROM documents WHERE key = ?');
  const insertTombstone = database.prepare('INSERT INTO tombstones (key, revision) VALUES (?, ?)');
  const deleteTombstone = database.prepare('DELETE FROM tombstones WHERE key = ?');
  const selectOldestTombstones = database.prepare(
    'SELECT key, revision FROM tombstones ORDER BY revision, key LIMIT ?',
  );
  const selectChanges = database.prepare(changesSql);

  const store = (): StoreRow => selectStore.get() as unknown as StoreRow;
  const document = (key: string): DocumentRow | undefined =>
    selectDocument.get(key) as unknown as DocumentRow | undefined;

  /** Takes rows until the answer is long enough; whether there were more. */
  function cut<Row extends { readonly value: string | null }>(
    found: Iterable<Row>,
    rowsMax: number,
  ): { rows: Row[]; more: boolean } {
    const rows: Row[] = [];
    let bytes = 0;
    for (const row of found) {
      bytes += row.value?.length ?? 0;
      if (rows.length === rowsMax || (rows.length > 0 && bytes > limits.answerBytesMax)) {
        return { rows, more: true };
      }
      rows.push(row);
    }
    return { rows, more: false };
  }

  /** Tombstones beyond the bound are forgotten, the oldest first: watches from before the last of them have to list again. */
  function prune(excess: number): number | undefined {
    if (excess <= 0) return undefined;
    const oldest = selectOldestTombstones.all(excess) as unknown as readonly ChangeRow[];
    for (const { key } of oldest) deleteTombstone.run(key);
    return oldest.at(-1)?.revision;
  }

  function commit({ writes }: Ask<'documents.commit'>): Answer<'documents.commit'> {
    const existing = new Set<string>();
    for (const { key, expected } of writes) {
      const current = document(key);
      const holds =
        expected === 'any' ||
        (expected === 'absent' ? current === undefined : current?.revision === expected);
      if (!holds) return { kind: 'conflict', key, current };
      if (current !== undefined) existing.add(key);
    }
    const before = store();
    const revision = before.revision + 1;
    let tombstones = before.tombstones;
    for (const write of writes) {
      const existed = existing.has(write.key);
      if (write.kind === 'put') {
        upsertDocument.run(write.key, revision, write.text);
        if (!existed) tombstones -= Number(deleteTombstone.run(write.key).changes);
      } else if (existed) {
        deleteDocument.run(write.key);
        insertTombstone.run(write.key, revision);
        tombstones += 1;
      }
    }
    const excess = tombstones - limits.tombstonesMax;
    const prunedRevision = prune(excess) ?? before.prunedRevision;
    updateStore.run(revision, prunedRevision, Math.min(tombstones, limits.tombstonesMax));
    return { kind: 'committed', revision };
  }

  return {
    'documents.get': ({ key }) => document(key),
    'documents.list'({ prefix, after, limit }) {
      const { revision } = store();
      const end = prefixEnd(prefix) ?? endOfKeys;
      const fromStart = after === undefined || compareCodePoints(after, prefix) < 0;
      const found: Iterable<unknown> = fromStart
        ? selectFrom.iterate(prefix, end, limit + 1)
        : selectAfter.iterate(after, end, limit + 1);
      return { ...cut(found as Iterable<DocumentRow>, limit), revision };
    },
    'documents.changes'({ prefix, after }) {
      const { revision, prunedRevision } = store();
      if (after.revision < prunedRevision || after.revision > revision) return { kind: 'reset' };
      // Without a key it is after everything of its revision.
      const afterKey = after.key ?? endOfKeys;
      const rowsMax = limits.watchPageMax;
      const found: Iterable<unknown> = selectChanges.iterate(after.revision, afterKey, prefix, rowsMax + 1);
      return { kind: 'changes', ...cut(found as Iterable<ChangeRow>, rowsMax), revision };
    },
    'documents.commit': commit,
  };
}
