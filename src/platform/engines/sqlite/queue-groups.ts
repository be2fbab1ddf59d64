/**
 * Groups of messages in the database. A group's row says when its first message can be received: once it is visible, and nothing of the
 * group is in flight any more. What was received of a group, and is still there, always stands before what was not.
 */
import type { DatabaseSync } from 'node:sqlite';

export interface MessageGroups {
  /** A message was stored in the group. */
  sent(queue: number, group: string, sequence: number, visibleAtMs: number): void;
  /** Something of the group was received, hidden, shown or deleted. */
  settle(queue: number, group: string): void;
  /** At most `max` groups of which something can be received, the one that waited longest first. */
  free(queue: number, nowMs: number, max: number): readonly string[];
  /** The time at which something of any group can be received. */
  nextAtMs(queue: number): number | undefined;
}

interface MemberRow {
  readonly sequence: number;
  readonly visibleAtMs: number;
  readonly receiveCount: number;
}

export function messageGroups(database: DatabaseSync): MessageGroups {
  const insertGroup = database.prepare(
    'INSERT INTO message_groups (queue, name, free_at_ms, head) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const updateGroup = database.prepare(
    'UPDATE message_groups SET free_at_ms = ?, head = ? WHERE queue = ? AND name = ?',
  );
  const deleteGroup = database.prepare('DELETE FROM message_groups WHERE queue = ? AND name = ?');
  const selectMembers = database.prepare(
    `SELECT sequence, visible_at_ms AS visibleAtMs, receive_count AS receiveCount
     FROM messages WHERE queue = ? AND group_name = ? ORDER BY sequence`,
  );
  const selectFree = database.prepare(
    'SELECT name FROM message_groups WHERE queue = ? AND free_at_ms <= ? ORDER BY free_at_ms, head LIMIT ?',
  );
  const selectNext = database.prepare(
    'SELECT min(free_at_ms) AS nextAtMs FROM message_groups WHERE queue = ?',
  );

  return {
    sent(queue, group, sequence, visibleAtMs) {
      insertGroup.run(queue, group, visibleAtMs, sequence);
    },
    settle(queue, group) {
      let head: number | undefined;
      let freeAtMs = 0;
      const rows = selectMembers.iterate(queue, group) as Iterable<unknown> as Iterable<MemberRow>;
      for (const { sequence, visibleAtMs, receiveCount } of rows) {
        if (head !== undefined && receiveCount === 0) break;
        head ??= sequence;
        freeAtMs = Math.max(freeAtMs, visibleAtMs);
      }
      if (head === undefined) deleteGroup.run(queue, group);
      else updateGroup.run(freeAtMs, head, queue, group);
    },
    free: (queue, nowMs, max) =>
      (selectFree.all(queue, nowMs, max) as unknown as readonly { name: string }[]).map(({ name }) => name),
    nextAtMs: (queue) => (selectNext.get(queue) as { nextAtMs: number | null }).nextAtMs ?? undefined,
  };
}
