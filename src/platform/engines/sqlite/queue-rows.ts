/** Queues in the database: the thread's side. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#lib/assert';
import type { EngineLimits } from '../../limits.ts';
import type { Sent } from '../../queue.ts';
import { packed } from './packed.ts';
import type { Answer, Ask, Handlers, MessageRow, ReceivedRow, Reception } from './protocol.ts';
import { messageGroups } from './queue-groups.ts';
import { messageKeys } from './queue-keys.ts';
import { type InLine, lineReading, messageLine } from './queue-line.ts';
import { type QueueRow, queueRows } from './queue-row.ts';
import { inOrder } from './queue-order.ts';
import { sweepHandlers } from './queue-sweeps.ts';

type QueueCall = Extract<keyof Handlers, `queue.${string}`>;

type VisibleRow = Omit<ReceivedRow, 'bodyBytes'> & {
  readonly visibleAtMs: number;
  readonly inLine: 0 | 1;
  readonly body: Uint8Array;
};

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
  const queues = queueRows(database);
  const insertMessage = database.prepare(
    `INSERT INTO messages (sequence, queue, message_id, sent_at_ms, visible_at_ms, receive_count, in_line, group_name)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?)`,
  );
  const insertBody = database.prepare('INSERT INTO message_bodies (sequence, body) VALUES (?, ?)');
  const columns = `m.message_id AS messageId, m.sent_at_ms AS sentAtMs, m.receive_count AS receiveCount,
     m.first_received_at_ms AS firstReceivedAtMs, m.group_name AS groupName, m.visible_at_ms AS visibleAtMs,
     m.in_line AS inLine, b.body`;
  const withBody = 'JOIN message_bodies AS b ON b.sequence = m.sequence';
  const line = messageLine(database);
  const readLine = lineReading<VisibleRow>(database, columns, withBody);
  const readLineTimes = lineReading<{ readonly visibleAtMs: number }>(
    database,
    'm.visible_at_ms AS visibleAtMs',
  );
  const selectVisible = database.prepare(
    `SELECT m.sequence, ${columns} FROM messages AS m ${withBody}
     WHERE m.queue = ? AND m.in_line = 0 AND m.visible_at_ms <= ?
     ORDER BY m.visible_at_ms, m.sequence LIMIT ?`,
  );
  const selectOfGroup = database.prepare(
    `SELECT m.sequence, ${columns} FROM messages AS m ${withBody}
     WHERE m.queue = ? AND m.group_name = ? ORDER BY m.sequence LIMIT ?`,
  );
  const selectNext = database.prepare(
    'SELECT min(visible_at_ms) AS nextAtMs FROM messages WHERE queue = ? AND in_line = 0',
  );
  const updateReceived = database.prepare(
    `UPDATE messages SET visible_at_ms = ?, receive_count = ?, in_line = 0, first_received_at_ms = ?
     WHERE sequence = ?`,
  );
  const deleteReceived = database.prepare(
    `DELETE FROM messages WHERE sequence = ? AND queue = ? AND message_id = ? AND receive_count = ? AND visible_at_ms > ?
     RETURNING group_name AS groupName`,
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
     FROM messages WHERE queue = ? AND in_line = 0 AND visible_at_ms > ?`,
  );
  const groups = messageGroups(database);
  const keys = messageKeys(database);

  function heldBy(ask: Reception & { readonly nowMs?: number }): Held | 'gone' | 'stale' | 'visible' {
    const found = queues.find(ask.queue);
    if (found === undefined) return 'gone';
    const { sequence, messageId, receiveCount, nowMs } = ask;
    const row = selectHeld.get(sequence, found.id, messageId) as unknown as HeldRow | undefined;
    if (row === undefined) return 'gone';
    if (row.receiveCount !== receiveCount) return 'stale';
    if (nowMs !== undefined && row.visibleAtMs <= nowMs) return 'visible';
    return { queue: found.id, groupName: row.groupName };
  }

  /** The queue's row is changed, and is to be saved. */
  function insert(queue: QueueRow, message: Omit<MessageRow, 'body'>, body: Uint8Array): number {
    const { messageId, sentAtMs, visibleAtMs, group } = message;
    const sequence = queues.takeSequence(queue);
    const inLine = line.join(queue, sequence, message) ? 1 : 0;
    insertMessage.run(sequence, queue.id, messageId, sentAtMs, visibleAtMs, inLine, group);
    insertBody.run(sequence, body);
    if (group !== null) groups.sent(queue.id, group, sequence, visibleAtMs);
    queue.messages += 1;
    return sequence;
  }

  /** What goes with a message's row. */
  function removed(queue: number, sequence: number, groupName: string | null): void {
    const { changes } = deleteBody.run(sequence);
    assert(Number(changes) === 1, 'every message has one body');
    if (groupName !== null) groups.settle(queue, groupName);
    queues.add(queue, -1);
  }

  function send({ queue: name, nowMs, messages, bodies }: Ask<'queue.send'>): Answer<'queue.send'> {
    const queue = queues.for(name);
    const sent: Sent[] = [];
    let [stored, offset] = [0, 0];
    for (const message of messages) {
      const { once, bodyBytes } = message;
      const body = bodies.subarray(offset, offset + bodyBytes);
      offset += bodyBytes;
      const first = once === undefined ? undefined : keys.find(queue.id, once.key, nowMs);
      if (first !== undefined) {
        sent.push({ ...first, duplicate: true });
        continue;
      }
      const sequence = insert(queue, message, body);
      stored += 1;
      if (once !== undefined) keys.put(queue.id, once, message.messageId, sequence, nowMs);
      sent.push({ id: message.messageId, sequence, duplicate: false });
    }
    if (stored > 0) queues.save(queue);
    return { sent };
  }

  function* visibleIn(
    queue: QueueRow,
    { nowMs, max, inGroups }: Ask<'queue.receive'>,
  ): Generator<VisibleRow | (VisibleRow & InLine)> {
    if (!inGroups) {
      const out = selectVisible.iterate(queue.id, nowMs, max) as Iterator<unknown> as Iterator<VisibleRow>;
      for (const row of inOrder<VisibleRow | (VisibleRow & InLine)>(out, readLine(queue))) {
        if (row.visibleAtMs > nowMs) return;
        yield row;
      }
      return;
    }
    for (const group of groups.free(queue.id, nowMs, max)) {
      const rows = selectOfGroup.iterate(queue.id, group, max) as Iterable<unknown>;
      for (const row of rows as Iterable<VisibleRow>) {
        if (row.visibleAtMs > nowMs) break;
        yield row;
      }
    }
  }

  function receive(ask: Ask<'queue.receive'>): Answer<'queue.receive'> {
    const found = queues.find(ask.queue);
    if (found === undefined) return { rows: [], bodies: packed([]) };
    const received: ReceivedRow[] = [];
    const bodies: Uint8Array[] = [];
    const left: InLine[] = [];
    let [bytes, midst] = [0, 0];
    for (const row of visibleIn(found, ask)) {
      bytes += row.body.byteLength;
      if (received.length > 0 && bytes > limits.answerBytesMax) break;
      const { sequence, messageId, sentAtMs, groupName, body } = row;
      // Null, whatever its type says, until the first reception.
      const firstReceivedAtMs = row.firstReceivedAtMs ?? ask.wallMs;
      const receiveCount = row.receiveCount + 1;
      const bodyBytes = body.byteLength;
      received.push({
        sequence,
        messageId,
        sentAtMs,
        firstReceivedAtMs,
        receiveCount,
        groupName,
        bodyBytes,
      });
      bodies.push(body);
      if ('blockFirst' in row) left.push(row);
      else midst += row.inLine;
      if (received.length === ask.max) break;
    }
    if (left.length > 0 || midst > 0) {
      line.left(found, left);
      if (midst > 0) line.leftMidst(found, midst);
      queues.save(found);
    }
    for (const { sequence, receiveCount, firstReceivedAtMs } of received)
      updateReceived.run(ask.visibleAtMs, receiveCount, firstReceivedAtMs, sequence);
    for (const group of new Set(received.map(({ groupName }) => groupName)))
      if (group !== null) groups.settle(found.id, group);
    return { rows: received, bodies: packed(bodies) };
  }

  return {
    'queue.send': send,
    'queue.receive': receive,
    'queue.next'({ queue, inGroups }) {
      const found = queues.find(queue);
      if (found === undefined) return undefined;
      if (inGroups) return groups.nextAtMs(found.id);
      const [first] = readLineTimes(found);
      const { nextAtMs } = selectNext.get(found.id) as { nextAtMs: number | null };
      if (first === undefined) return nextAtMs ?? undefined;
      return Math.min(first.visibleAtMs, nextAtMs ?? first.visibleAtMs);
    },
    'queue.delete'(ask) {
      const found = queues.find(ask.queue);
      if (found === undefined) return 'gone';
      const { sequence, messageId, receiveCount, nowMs = 0 } = ask;
      const row = deleteReceived.get(sequence, found.id, messageId, receiveCount, nowMs);
      if (row === undefined) {
        const held = heldBy(ask);
        assert(typeof held === 'string', 'what is held can be deleted');
        return held;
      }
      removed(found.id, sequence, row['groupName'] as string | null);
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
      deleteMessage.run(ask.sequence);
      removed(held.queue, ask.sequence, held.groupName);
      const target = queues.for(ask.to);
      insert(target, ask.moved, ask.moved.body);
      queues.save(target);
      return 'moved';
    },
    'queue.depth'({ queue, nowMs }) {
      const found = queues.find(queue);
      if (found === undefined) return { visible: 0, inFlight: 0, delayed: 0 };
      const { hidden, delayed } = countHidden.get(found.id, nowMs) as { hidden: number; delayed: number };
      return { visible: found.messages - hidden, inFlight: hidden - delayed, delayed };
    },
    ...sweepHandlers(database, { groups, line, queues, limits }),
  };
}
