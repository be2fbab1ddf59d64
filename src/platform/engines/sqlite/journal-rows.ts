/** Journals in the database: the thread's side. */
import type { DatabaseSync } from 'node:sqlite';
import type { EngineLimits } from '../../limits.ts';
import type { JournalRecord } from '../../journal.ts';
import type { Answer, Ask, Handlers } from './protocol.ts';

type JournalHandlers = Pick<Handlers, 'journal.append' | 'journal.read' | 'journal.bounds' | 'journal.trim'>;

interface PartitionRow {
  readonly id: number;
  /** Records below are forgotten, also those that are still to be deleted. */
  readonly first: number;
  readonly next: number;
}

export function journalHandlers(database: DatabaseSync, limits: EngineLimits): JournalHandlers {
  const selectPartition = database.prepare('SELECT id, first, next FROM journal_partitions WHERE name = ?');
  const insertPartition = database.prepare(
    'INSERT INTO journal_partitions (name, first, next) VALUES (?, 0, 0) RETURNING id, first, next',
  );
  const updateNext = database.prepare('UPDATE journal_partitions SET next = ? WHERE id = ?');
  const updateFirst = database.prepare('UPDATE journal_partitions SET first = ? WHERE id = ?');
  const insertRecord = database.prepare(
    'INSERT INTO journal_records (partition, sequence, body) VALUES (?, ?, ?)',
  );
  const selectRecords = database.prepare(
    'SELECT sequence, body FROM journal_records WHERE partition = ? AND sequence >= ? ORDER BY sequence LIMIT ?',
  );
  const deleteRecords = database.prepare(
    `DELETE FROM journal_records WHERE partition = ?1 AND sequence IN (
       SELECT sequence FROM journal_records WHERE partition = ?1 AND sequence < ?2 ORDER BY sequence LIMIT ?3)`,
  );

  const partitionOf = (name: string): PartitionRow | undefined =>
    selectPartition.get(name) as unknown as PartitionRow | undefined;

  function append({ partition, expected, bodies }: Ask<'journal.append'>): Answer<'journal.append'> {
    const found = partitionOf(partition);
    const stands = found?.next ?? 0;
    if (expected !== 'any' && expected !== stands) return { kind: 'conflict', next: stands };
    const { id } = found ?? (insertPartition.get(partition) as unknown as PartitionRow);
    for (const [index, body] of bodies.entries()) insertRecord.run(id, stands + index, body);
    const next = stands + bodies.length;
    updateNext.run(next, id);
    return { kind: 'appended', next };
  }

  function read({ partition, from, limit }: Ask<'journal.read'>): Answer<'journal.read'> {
    const found = partitionOf(partition);
    if (found === undefined) return { records: [], next: 0 };
    const records: JournalRecord[] = [];
    let bytes = 0;
    const rows = selectRecords.iterate(found.id, Math.max(from, found.first), limit);
    for (const record of rows as Iterable<unknown> as Iterable<JournalRecord>) {
      bytes += record.body.byteLength;
      if (records.length > 0 && bytes > limits.answerBytesMax) break;
      records.push(record);
    }
    return { records, next: found.next };
  }

  function trim({ partition, before }: Ask<'journal.trim'>): Answer<'journal.trim'> {
    const found = partitionOf(partition);
    if (found === undefined) return 'trimmed';
    const first = Math.max(found.first, Math.min(before, found.next));
    if (first > found.first) updateFirst.run(first, found.id);
    const { changes } = deleteRecords.run(found.id, first, limits.trimRecordsMax);
    return Number(changes) === limits.trimRecordsMax ? 'more' : 'trimmed';
  }

  return {
    'journal.append': append,
    'journal.read': read,
    'journal.bounds'({ partition }) {
      const { first, next } = partitionOf(partition) ?? { first: 0, next: 0 };
      return { first, next };
    },
    'journal.trim': trim,
  };
}
