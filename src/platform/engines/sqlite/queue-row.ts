/**
 * The row of a queue, and the sequences of its messages. A sequence is the key of a message's rows, so it says where in the file the message stands. They are
 * given out in blocks, a block to a queue, so that messages of one queue stand together however many other queues are sent to at the same time:
 *
 *     one by one   a b c a b c a b c a b c     receiving four of a: four pages read, and written again
 *     in blocks    a a a a b b b b c c c c     receiving four of a: one
 *
 * Later blocks have higher numbers, and no number is given out twice, also not after a queue was dropped.
 */
import type { DatabaseSync } from 'node:sqlite';

/** Messages whose sequences are given out at once. */
const blockMessages = 1024;

/** As stored; whoever changes it saves it in the same transaction. */
export interface QueueRow {
  readonly id: number;
  /** All messages of the queue, so that its depth need not count the visible ones. */
  messages: number;
  /** The next sequence, unless it is `blockEnd`. */
  nextSequence: number;
  blockEnd: number;
  /** Of the line (queue-line.ts): how many messages stand in it, and where it begins at the earliest. */
  lineLength: number;
  lineHead: number;
  /** The end of the last block that has messages of the line. */
  lineBlockEnd: number;
  /** Times of the last message that was put in line. */
  lineSentAtMs: number;
  lineVisibleAtMs: number;
}

export interface QueueRows {
  find(name: string): QueueRow | undefined;
  /** Makes the queue where there is none. */
  for(name: string): QueueRow;
  save(row: QueueRow): void;
  /** The queue has so many messages more than stored. */
  add(id: number, messages: number): void;
  takeSequence(row: QueueRow): number;
}

const columns = `id, messages, next_sequence AS nextSequence, block_end AS blockEnd, line_length AS lineLength, line_head AS lineHead,
  line_block_end AS lineBlockEnd, line_sent_at_ms AS lineSentAtMs, line_visible_at_ms AS lineVisibleAtMs`;

export function queueRows(database: DatabaseSync): QueueRows {
  const select = database.prepare(`SELECT ${columns} FROM queues WHERE name = ?`);
  const insert = database.prepare(`INSERT INTO queues (name, messages) VALUES (?, 0) RETURNING ${columns}`);
  const update = database.prepare(
    `UPDATE queues SET messages = ?, next_sequence = ?, block_end = ?, line_length = ?, line_head = ?, line_block_end = ?,
     line_sent_at_ms = ?, line_visible_at_ms = ? WHERE id = ?`,
  );
  const updateMessages = database.prepare('UPDATE queues SET messages = messages + ? WHERE id = ?');
  const takeBlock = database.prepare(
    'UPDATE store SET next_sequence = next_sequence + ?1 RETURNING next_sequence - ?1 AS first',
  );
  const find = (name: string): QueueRow | undefined => select.get(name) as unknown as QueueRow | undefined;
  return {
    find,
    for: (name) => find(name) ?? (insert.get(name) as unknown as QueueRow),
    save({ id, messages, nextSequence, blockEnd, ...line }) {
      const { lineLength, lineHead, lineBlockEnd, lineSentAtMs, lineVisibleAtMs } = line;
      update.run(
        messages,
        nextSequence,
        blockEnd,
        lineLength,
        lineHead,
        lineBlockEnd,
        lineSentAtMs,
        lineVisibleAtMs,
        id,
      );
    },
    add: (id, messages) => void updateMessages.run(messages, id),
    takeSequence(row) {
      if (row.nextSequence === row.blockEnd) {
        row.nextSequence = Number(takeBlock.get(blockMessages)?.['first']);
        row.blockEnd = row.nextSequence + blockMessages;
      }
      row.nextSequence += 1;
      return row.nextSequence - 1;
    },
  };
}
