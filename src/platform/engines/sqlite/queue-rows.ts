/** Queues in the database: the thread's side. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#lib/assert';
import type { EngineLimits } from '../../limits.ts';
import type { Answer, Ask, Handlers, ReceivedRow } from './protocol.ts';

type QueueHandlers = Pick<
  Handlers,
  'queue.send' | 'queue.receive' | 'queue.delete' | 'queue.change' | 'queue.depth'
>;

interface QueueRow {
  readonly id: number;
  /** All messages of the queue, so that its depth need not count the visible ones. */
  readonly messages: number;
}

export function queueHandlers(database: DatabaseSync, limits: EngineLimits): QueueHandlers {
  const selectQueue = database.prepare('SELECT id, messages FROM queues WHERE name = ?');
  const insertQueue = database.prepare(
    'INSERT INTO queues (name, messages) VALUES (?, 0) RETURNING id, messages',
  );
  const addMessages = database.prepare('UPDATE queues SET messages = messages + ? WHERE id = ?');
  const insertMessage = database.prepare(
    `INSERT INTO messages (queue, message_id, sent_at_ms, visible_at_ms, receive_count) VALUES (?, ?, ?, ?, 0)`,
  );
  const insertBody = database.prepare('INSERT INTO message_bodies (sequence, body) VALUES (?, ?)');
  const selectVisible = database.prepare(
    `SELECT m.sequence, m.message_id AS messageId, m.sent_at_ms AS sentAtMs, m.receive_count AS receiveCount, b.body
     FROM messages AS m JOIN message_bodies AS b ON b.sequence = m.sequence
     WHERE m.queue = ? AND m.visible_at_ms <= ?
     ORDER BY m.visible_at_ms, m.sequence LIMIT ?`,
  );
  const updateReceived = database.prepare(
    'UPDATE messages SET visible_at_ms = ?, receive_count = ? WHERE sequence = ?',
  );
  const updateVisible = database.prepare(
    `UPDATE messages SET visible_at_ms = ?
     WHERE sequence = ? AND queue = ? AND receive_count = ? AND message_id = ?`,
  );
  const deleteMessage = database.prepare(
    'DELETE FROM messages WHERE sequence = ? AND queue = ? AND receive_count = ? AND message_id = ?',
  );
  const deleteBody = database.prepare('DELETE FROM message_bodies WHERE sequence = ?');
  const countHidden = database.prepare(
    `SELECT count(*) AS hidden, count(CASE WHEN receive_count = 0 THEN 1 END) AS delayed
     FROM messages WHERE queue = ? AND visible_at_ms > ?`,
  );

  const queueOf = (name: string): QueueRow | undefined =>
    selectQueue.get(name) as unknown as QueueRow | undefined;

  function send({ queue, sentAtMs, messages }: Ask<'queue.send'>): Answer<'queue.send'> {
    const { id } = queueOf(queue) ?? (insertQueue.get(queue) as unknown as QueueRow);
    for (const { messageId, visibleAtMs, body } of messages) {
      const { lastInsertRowid } = insertMessage.run(id, messageId, sentAtMs, visibleAtMs);
      insertBody.run(lastInsertRowid, body);
    }
    addMessages.run(messages.length, id);
    return 'sent';
  }

  function receive({ queue, nowMs, max, visibleAtMs }: Ask<'queue.receive'>): Answer<'queue.receive'> {
    const found = queueOf(queue);
    if (found === undefined) return [];
    const received: ReceivedRow[] = [];
    let bytes = 0;
    const rows = selectVisible.iterate(found.id, nowMs, max);
    for (const row of rows as Iterable<unknown> as Iterable<ReceivedRow>) {
      bytes += row.body.byteLength;
      if (received.length > 0 && bytes > limits.answerBytesMax) break;
      received.push({ ...row, receiveCount: row.receiveCount + 1 });
    }
    for (const { sequence, receiveCount } of received)
      updateReceived.run(visibleAtMs, receiveCount, sequence);
    return received;
  }

  return {
    'queue.send': send,
    'queue.receive': receive,
    'queue.delete'({ queue, sequence, receiveCount, messageId }) {
      const found = queueOf(queue);
      if (found === undefined) return 'stale';
      const { changes } = deleteMessage.run(sequence, found.id, receiveCount, messageId);
      if (Number(changes) === 0) return 'stale';
      const body = deleteBody.run(sequence);
      assert(Number(body.changes) === 1, 'every message has one body');
      addMessages.run(-1, found.id);
      return 'deleted';
    },
    'queue.change'({ queue, sequence, receiveCount, messageId, visibleAtMs }) {
      const found = queueOf(queue);
      if (found === undefined) return 'stale';
      const { changes } = updateVisible.run(visibleAtMs, sequence, found.id, receiveCount, messageId);
      return Number(changes) === 0 ? 'stale' : 'changed';
    },
    'queue.depth'({ queue, nowMs }) {
      const found = queueOf(queue);
      if (found === undefined) return { visible: 0, inFlight: 0, delayed: 0 };
      const { hidden, delayed } = countHidden.get(found.id, nowMs) as { hidden: number; delayed: number };
      return { visible: found.messages - hidden, inFlight: hidden - delayed, delayed };
    },
  };
}
