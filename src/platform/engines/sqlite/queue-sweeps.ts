/** Deleting many messages at once, in steps of bounded size: the thread's side of purge, expire and drop. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EngineLimits } from '../../limits.ts';
import type { Handlers } from './protocol.ts';
import type { MessageGroups } from './queue-groups.ts';

type SweepHandlers = Pick<Handlers, 'queue.last' | 'queue.purge' | 'queue.expire' | 'queue.forget'>;

interface DoomedRow {
  readonly sequence: number;
  readonly groupName: string | null;
}

export function sweepHandlers(
  database: DatabaseSync,
  parts: {
    readonly groups: MessageGroups;
    readonly limits: EngineLimits;
    readonly addMessages: StatementSync;
  },
): SweepHandlers {
  const { groups, limits, addMessages } = parts;
  const selectQueue = database.prepare('SELECT id FROM queues WHERE name = ?');
  const selectLast = database.prepare('SELECT max(sequence) AS last FROM messages');
  const selectThrough = database.prepare(
    'SELECT sequence, group_name AS groupName FROM messages WHERE queue = ? AND sequence <= ? LIMIT ?',
  );
  const selectOlder = database.prepare(
    `SELECT sequence, group_name AS groupName FROM messages WHERE queue = ? AND sent_at_ms < ?
     ORDER BY sent_at_ms LIMIT ?`,
  );
  const deleteMessage = database.prepare('DELETE FROM messages WHERE sequence = ?');
  const deleteBody = database.prepare('DELETE FROM message_bodies WHERE sequence = ?');
  const deleteKeys = database.prepare(
    `DELETE FROM message_keys WHERE queue = ?1 AND key IN (SELECT key FROM message_keys WHERE queue = ?1 LIMIT ?2)`,
  );
  const deleteQueue = database.prepare('DELETE FROM queues WHERE id = ? AND messages = 0');

  const idOf = (name: string): number | undefined =>
    (selectQueue.get(name) as { id: number } | undefined)?.id;

  function remove(queue: number, rows: readonly DoomedRow[]): number {
    for (const { sequence } of rows) {
      deleteMessage.run(sequence);
      deleteBody.run(sequence);
    }
    for (const group of new Set(rows.map(({ groupName }) => groupName)))
      if (group !== null) groups.settle(queue, group);
    if (rows.length > 0) addMessages.run(-rows.length, queue);
    return rows.length;
  }

  return {
    'queue.last': () => (selectLast.get() as { last: number | null }).last ?? 0,
    'queue.purge'({ queue, through }) {
      const id = idOf(queue);
      if (id === undefined) return 0;
      return remove(id, selectThrough.all(id, through, limits.trimRecordsMax) as unknown as DoomedRow[]);
    },
    'queue.expire'({ queue, sentBeforeMs }) {
      const id = idOf(queue);
      if (id === undefined) return 0;
      return remove(id, selectOlder.all(id, sentBeforeMs, limits.trimRecordsMax) as unknown as DoomedRow[]);
    },
    'queue.forget'({ queue }) {
      const id = idOf(queue);
      if (id === undefined) return 0;
      const { changes } = deleteKeys.run(id, limits.trimRecordsMax);
      if (Number(changes) < limits.trimRecordsMax) deleteQueue.run(id);
      return Number(changes);
    },
  };
}
