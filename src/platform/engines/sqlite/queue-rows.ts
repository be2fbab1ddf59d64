/** Queues in the database: the thread's side. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#lib/assert';
import type { EngineLimits } from '../../limits.ts';
import type { Sent } from '../../queue.ts';
import type { Answer, Ask, Handlers, MessageRow, ReceivedRow, Reception } from './protocol.ts';
import { messageGroups } from './queue-groups.ts';
import { messageKeys } from './queue-keys.ts';
import { sweepHandlers } from './queue-sweeps.ts';

type QueueCall = Extract<keyof Handlers, `queue.${string}`>;

interface QueueRow {
  readonly id: number;
  /** All messages of the queue, so that its depth need not count the visible ones. */
  readonly messages: number;
}

/** A message that the holder of a receipt means. */
interface HeldRow {
  readonly visibleAtMs: number;
  readonly receiveCount: number;
  readonly groupName: string | null;
}

interface Held {
  readonly queue: number;
  readonly groupName: string | null;
}

export function queueHandlers(database: DatabaseSync, limits: EngineLimits): Pick<Handlers, QueueCall> {
  const selectQueue = database.prepare('SELECT id, messages FROM queues WHERE name = ?');
  const insertQueue = database.prepare(
    'INSERT INTO queues (name, messages) VALUES (?, 0) RETURNING id, messages',
  );
  const addMessages = database.prepare('UPDATE queues SET messages = messages + ? WHERE id = ?');
  const insertMessage = database.prepare(
    `INSERT INTO messages (queue, message_id, sent_at_ms, visible_at_ms, receive_count, group_name)
     VALUES (?, ?, ?, ?, 0, ?)`,
  );
  const insertBody = database.prepare('INSERT INTO message_bodies (sequence, body) VALUES (?, ?)');
  const columns = `m.sequence, m.message_id AS messageId, m.sent_at_ms AS sentAtMs, m.receive_count AS receiveCount,
     m.first_received_at_ms AS firstReceivedAtMs, m.group_name AS groupName, b.body`;
  const selectVisible = database.prepare(
    `SELECT ${columns} FROM messages AS m JOIN message_bodies AS b ON b.sequence = m.sequence
     WHERE m.queue = ? AND m.visible_at_ms <= ?
     ORDER BY m.visible_at_ms, m.sequence LIMIT ?`,
  );
  const selectOfGroup = database.prepare(
    `SELECT ${columns}, m.visible_at_ms AS visibleAtMs
     FROM messages AS m JOIN message_bodies AS b ON b.sequence = m.sequence
     WHERE m.queue = ? AND m.group_name = ? ORDER BY m.sequence LIMIT ?`,
  );
  const selectNext = database.prepare('SELECT min(visible_at_ms) AS nextAtMs FROM messages WHERE queue = ?');
  const updateReceived = database.prepare(
    'UPDATE messages SET visible_at_ms = ?, receive_count = ?, first_received_at_ms = ? WHERE sequence = ?',
  );
  const selectHeld = database.prepare(
    `SELECT visible_at_ms AS visibleAtMs, receive_count AS receiveCount, group_name AS groupName FROM messages
     WHERE sequence = ? AND queue = ? AND message_id = ?`,
  );
  const updateVisible = database.prepare('UPDATE messages SET visible_at_ms = ? WHERE sequence = ?');
  const deleteMessage = database.prepare('DELETE FROM messages WHERE sequence = ?');
  const deleteBody = database.prepare('DELETE FROM message_bodies WHERE sequence = ?');
  const countHidden = database.prepare(
    `SELECT count(*) AS hidden, count(CASE WHEN receive_count = 0 THEN 1 END) AS delayed
     FROM messages WHERE queue = ? AND visible_at_ms > ?`,
  );
  const groups = messageGroups(database);
  const keys = messageKeys(database);

  const queueOf = (name: string): QueueRow | undefined =>
    selectQueue.get(name) as unknown as QueueRow | undefined;
  const queueFor = (name: string): QueueRow =>
    queueOf(name) ?? (insertQueue.get(name) as unknown as QueueRow);

  function heldBy(ask: Reception & { readonly nowMs?: number }): Held | 'gone' | 'stale' | 'visible' {
    const found = queueOf(ask.queue);
    if (found === undefined) return 'gone';
    const { sequence, messageId, receiveCount, nowMs } = ask;
    const row = selectHeld.get(sequence, found.id, messageId) as unknown as HeldRow | undefined;
    if (row === undefined) return 'gone';
    if (row.receiveCount !== receiveCount) return 'stale';
    if (nowMs !== undefined && row.visibleAtMs <= nowMs) return 'visible';
    return { queue: found.id, groupName: row.groupName };
  }

  function insert(queue: number, { messageId, sentAtMs, visibleAtMs, group, body }: MessageRow): number {
    const sequence = Number(
      insertMessage.run(queue, messageId, sentAtMs, visibleAtMs, group).lastInsertRowid,
    );
    insertBody.run(sequence, body);
    if (group !== null) groups.sent(queue, group, sequence, visibleAtMs);
    return sequence;
  }

  function remove(queue: number, sequence: number, groupName: string | null): void {
    deleteMessage.run(sequence);
    const { changes } = deleteBody.run(sequence);
    assert(Number(changes) === 1, 'every message has one body');
    if (groupName !== null) groups.settle(queue, groupName);
    addMessages.run(-1, queue);
  }

  function send({ queue, nowMs, messages }: Ask<'queue.send'>): Answer<'queue.send'> {
    const { id } = queueFor(queue);
    const sent: Sent[] = [];
    let stored = 0;
    for (const { once, ...message } of messages) {
      const first = once === undefined ? undefined : keys.find(id, once.key, nowMs);
      if (first !== undefined) {
        sent.push({ ...first, duplicate: true });
        continue;
      }
      const sequence = insert(id, message);
      stored += 1;
      if (once !== undefined) keys.put(id, once, message.messageId, sequence, nowMs);
      sent.push({ id: message.messageId, sequence, duplicate: false });
    }
    if (stored > 0) addMessages.run(stored, id);
    return { sent };
  }

  function* visibleIn(queue: number, { nowMs, max, inGroups }: Ask<'queue.receive'>): Generator<ReceivedRow> {
    if (!inGroups) {
      yield* selectVisible.iterate(queue, nowMs, max) as Iterable<unknown> as Iterable<ReceivedRow>;
      return;
    }
    for (const group of groups.free(queue, nowMs, max)) {
      const rows = selectOfGroup.iterate(queue, group, max) as Iterable<unknown>;
      for (const row of rows as Iterable<ReceivedRow & { readonly visibleAtMs: number }>) {
        if (row.visibleAtMs > nowMs) break;
        yield row;
      }
    }
  }

  function receive(ask: Ask<'queue.receive'>): Answer<'queue.receive'> {
    const found = queueOf(ask.queue);
    if (found === undefined) return [];
    const received: ReceivedRow[] = [];
    let bytes = 0;
    for (const row of visibleIn(found.id, ask)) {
      bytes += row.body.byteLength;
      if (received.length > 0 && bytes > limits.answerBytesMax) break;
      const { sequence, messageId, sentAtMs, groupName, body } = row;
      // Null, whatever its type says, until the first reception.
      const firstReceivedAtMs = row.firstReceivedAtMs ?? ask.wallMs;
      const receiveCount = row.receiveCount + 1;
      received.push({ sequence, messageId, sentAtMs, firstReceivedAtMs, receiveCount, groupName, body });
      if (received.length === ask.max) break;
    }
    for (const { sequence, receiveCount, firstReceivedAtMs } of received)
      updateReceived.run(ask.visibleAtMs, receiveCount, firstReceivedAtMs, sequence);
    for (const group of new Set(received.map(({ groupName }) => groupName)))
      if (group !== null) groups.settle(found.id, group);
    return received;
  }

  return {
    'queue.send': send,
    'queue.receive': receive,
    'queue.next'({ queue, inGroups }) {
      const found = queueOf(queue);
      if (found === undefined) return undefined;
      if (inGroups) return groups.nextAtMs(found.id);
      return (selectNext.get(found.id) as { nextAtMs: number | null }).nextAtMs ?? undefined;
    },
    'queue.delete'(ask) {
      const held = heldBy(ask);
      if (typeof held === 'string') return held;
      remove(held.queue, ask.sequence, held.groupName);
      return 'deleted';
    },
    'queue.change'(ask) {
      const held = heldBy(ask);
      if (typeof held === 'string') return held;
      updateVisible.run(ask.visibleAtMs, ask.sequence);
      if (held.groupName !== null) groups.settle(held.queue, held.groupName);
      return 'changed';
    },
    'queue.move'(ask) {
      const held = heldBy(ask);
      if (typeof held === 'string') return 'stale';
      remove(held.queue, ask.sequence, held.groupName);
      const target = queueFor(ask.to);
      insert(target.id, ask.moved);
      addMessages.run(1, target.id);
      return 'moved';
    },
    'queue.depth'({ queue, nowMs }) {
      const found = queueOf(queue);
      if (found === undefined) return { visible: 0, inFlight: 0, delayed: 0 };
      const { hidden, delayed } = countHidden.get(found.id, nowMs) as { hidden: number; delayed: number };
      return { visible: found.messages - hidden, inFlight: hidden - delayed, delayed };
    },
    ...sweepHandlers(database, { groups, limits, addMessages }),
  };
}
