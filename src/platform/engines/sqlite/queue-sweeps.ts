/** Deleting many messages at once, in steps of bounded size: the thread's side of purge, expire and drop. */
import type { DatabaseSync } from 'node:sqlite';
import type { EngineLimits } from '../../limits.ts';
import type { Handlers } from './protocol.ts';
import type { MessageGroups } from './queue-groups.ts';
import { type Line, lineReading } from './queue-line.ts';
import type { QueueRow, QueueRows } from './queue-row.ts';

type SweepHandlers = Pick<Handlers, 'queue.last' | 'queue.purge' | 'queue.expire' | 'queue.forget'>;

interface DoomedRow {
  readonly sequence: number;
  readonly groupName: string | null;
}

export function sweepHandlers(
  database: DatabaseSync,
  parts: {
    readonly groups: MessageGroups;
    readonly line: Line;
    readonly queues: QueueRows;
    readonly limits: EngineLimits;
  },
): SweepHandlers {
  const { groups, line, queues, limits } = parts;
  const readLine = lineReading<DoomedRow & { readonly sentAtMs: number }>(
    database,
    'm.sent_at_ms AS sentAtMs, m.group_name AS groupName',
  );
  const selectThrough = database.prepare(
    `SELECT sequence, group_name AS groupName FROM messages
     WHERE queue = ? AND in_line = 0 AND sequence <= ? LIMIT ?`,
  );
  const selectOlder = database.prepare(
    `SELECT sequence, group_name AS groupName FROM messages WHERE queue = ? AND in_line = 0 AND sent_at_ms < ?
     ORDER BY sent_at_ms LIMIT ?`,
  );
  const deleteMessage = database.prepare('DELETE FROM messages WHERE sequence = ?');
  const deleteBody = database.prepare('DELETE FROM message_bodies WHERE sequence = ?');
  const deleteKeys = database.prepare(
    `DELETE FROM message_keys WHERE queue = ?1 AND key IN (SELECT key FROM message_keys WHERE queue = ?1 LIMIT ?2)`,
  );
  const deleteBlocks = database.prepare('DELETE FROM line_blocks WHERE queue = ?');
  const deleteQueue = database.prepare('DELETE FROM queues WHERE id = ? AND messages = 0');

  function remove(queue: QueueRow, rows: readonly DoomedRow[]): number {
    for (const { sequence } of rows) {
      deleteMessage.run(sequence);
      deleteBody.run(sequence);
    }
    for (const group of new Set(rows.map(({ groupName }) => groupName)))
      if (group !== null) groups.settle(queue.id, group);
    queue.messages -= rows.length;
    if (rows.length > 0) queues.save(queue);
    return rows.length;
  }

  /** Those at the head of the line of which `goes` holds, and as many of the others as still may. */
  function sweep(
    queue: QueueRow,
    goes: (row: { readonly sequence: number; readonly sentAtMs: number }) => boolean,
    others: (max: number) => unknown,
  ): number {
    const max = limits.trimRecordsMax;
    const left = [];
    for (const row of readLine(queue)) {
      if (!goes(row)) {
        if (left.length === 0 && line.heads(queue, row)) queues.save(queue);
        break;
      }
      left.push(row);
      if (left.length === max) break;
    }
    line.left(queue, left);
    const rest = left.length < max ? (others(max - left.length) as readonly DoomedRow[]) : [];
    return remove(queue, [...left, ...rest]);
  }

  return {
    'queue.last': ({ queue }) => (queues.find(queue)?.nextSequence ?? 1) - 1,
    'queue.purge'({ queue: name, through }) {
      const queue = queues.find(name);
      if (queue === undefined) return 0;
      return sweep(
        queue,
        ({ sequence }) => sequence <= through,
        (max) => selectThrough.all(queue.id, through, max),
      );
    },
    'queue.expire'({ queue: name, sentBeforeMs }) {
      const queue = queues.find(name);
      if (queue === undefined) return 0;
      return sweep(
        queue,
        ({ sentAtMs }) => sentAtMs < sentBeforeMs,
        (max) => selectOlder.all(queue.id, sentBeforeMs, max),
      );
    },
    'queue.forget'({ queue: name }) {
      const queue = queues.find(name);
      if (queue === undefined) return 0;
      const { changes } = deleteKeys.run(queue.id, limits.trimRecordsMax);
      if (Number(changes) < limits.trimRecordsMax && queue.messages === 0) {
        deleteBlocks.run(queue.id);
        deleteQueue.run(queue.id);
      }
      return Number(changes);
    },
  };
}
