/**
 * Messages that stand in line: sent without a delay, and not received yet. They come up in the order of their sequences, so they need no index:
 * sending one writes its row and its body and nothing else, and receiving reads on where the last reception stopped.
 *
 *     blocks of the queue   [ . . . 4 5 ] [ 6 x 8 ] [ 9          .: received, and so in the indexes (or deleted)
 *                                 ▲ lineHead                     x: sent with a delay, in the indexes from the beginning
 *
 * Of a queue that is received in groups messages leave from the midst of the line as well; the head is then found again by the next sweep.
 *
 * Along the line neither the time of sending nor that of becoming visible ever falls: a message that would be the first to do so (one that was moved
 * here, or the clock was set back) is not put in line.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#lib/assert';
import type { MessageRow } from './protocol.ts';
import type { QueueRow } from './queue-row.ts';

export interface InLine {
  readonly sequence: number;
  /** Where its block begins. */
  readonly blockFirst: number;
  /** The block is not the first one that is kept. */
  readonly isLater: boolean;
}

export interface Line {
  /** Whether the message stands in line from now on; the queue's row is changed, and is to be saved. */
  join(queue: QueueRow, sequence: number, message: Omit<MessageRow, 'body'>): boolean;
  /** Those at the head, in their order, have left the line; the queue's row is changed, and is to be saved. */
  left(queue: QueueRow, rows: readonly InLine[]): void;
  /** So many have left from the midst of the line; the queue's row is changed, and is to be saved. */
  leftMidst(queue: QueueRow, count: number): void;
  /** The line has its head here now: what was before it has left from the midst of the line. Answers whether the queue's row is to be saved. */
  heads(queue: QueueRow, row: InLine): boolean;
}

export function messageLine(database: DatabaseSync): Line {
  const insertBlock = database.prepare('INSERT INTO line_blocks (queue, first, block_end) VALUES (?, ?, ?)');
  const deleteBlocks = database.prepare('DELETE FROM line_blocks WHERE queue = ? AND first < ?');
  const deleteEarlier = database.prepare('DELETE FROM line_blocks WHERE queue = ? AND block_end < ?');
  return {
    join(queue, sequence, { visibleAtMs, sentAtMs, delayed }) {
      const rising = sentAtMs >= queue.lineSentAtMs && visibleAtMs >= queue.lineVisibleAtMs;
      if (delayed || !rising) return false;
      if (queue.lineBlockEnd !== queue.blockEnd) {
        insertBlock.run(queue.id, sequence, queue.blockEnd);
        queue.lineBlockEnd = queue.blockEnd;
      }
      queue.lineSentAtMs = sentAtMs;
      queue.lineVisibleAtMs = visibleAtMs;
      queue.lineLength += 1;
      return true;
    },
    left(queue, rows) {
      const last = rows.at(-1);
      if (last === undefined) return;
      queue.lineLength -= rows.length;
      queue.lineHead = last.sequence + 1;
      if (last.isLater) deleteBlocks.run(queue.id, last.blockFirst);
    },
    leftMidst(queue, count) {
      queue.lineLength -= count;
      if (queue.lineLength > 0) return;
      queue.lineHead = queue.nextSequence;
      deleteEarlier.run(queue.id, queue.lineBlockEnd);
    },
    heads(queue, { sequence, isLater, blockFirst }) {
      if (queue.lineHead === sequence) return false;
      queue.lineHead = sequence;
      if (isLater) deleteBlocks.run(queue.id, blockFirst);
      return true;
    },
  };
}

/** Reads the line of a queue from its head on; `columns` and `joined` say what is read of each message (`m`). */
export function lineReading<Row>(
  database: DatabaseSync,
  columns: string,
  joined = '',
): (queue: QueueRow) => Generator<Row & InLine> {
  const selectBlock = database.prepare(
    `SELECT first AS blockFirst, block_end AS blockEnd FROM line_blocks WHERE queue = ? AND first >= ?
     ORDER BY first LIMIT 1`,
  );
  const selectRows = database.prepare(
    `SELECT m.sequence, ${columns} FROM messages AS m ${joined}
     WHERE m.sequence >= ? AND m.sequence < ? AND m.in_line = 1 ORDER BY m.sequence`,
  );
  return function* rows({ id, lineLength, lineHead }) {
    let [left, from] = [lineLength, 0];
    while (left > 0) {
      const block = selectBlock.get(id, from) as { blockFirst: number; blockEnd: number } | undefined;
      assert(block !== undefined, 'what stands in line stands in a block of the line');
      const { blockFirst, blockEnd } = block;
      const found = selectRows.iterate(Math.max(blockFirst, lineHead), blockEnd) as Iterable<unknown>;
      for (const row of found as Iterable<Row & { readonly sequence: number }>) {
        yield Object.assign(row, { blockFirst, isLater: from > 0 });
        left -= 1;
        if (left === 0) return;
      }
      from = blockEnd;
    }
  };
}
