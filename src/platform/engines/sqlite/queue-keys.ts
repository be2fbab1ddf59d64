/** The keys of messages that are sent once, in the database, for as long as their windows last. */
import type { DatabaseSync } from 'node:sqlite';

export interface MessageKeys {
  /** The message that the key was used for, if its window has not passed. */
  find(
    queue: number,
    key: string,
    nowMs: number,
  ): { readonly id: string; readonly sequence: number } | undefined;
  put(
    queue: number,
    once: { readonly key: string; readonly untilMs: number },
    messageId: string,
    sequence: number,
    nowMs: number,
  ): void;
}

/** Keys that have passed and go with one new key: more than one, so that they get fewer. */
const forgottenPerKey = 4;

export function messageKeys(database: DatabaseSync): MessageKeys {
  const select = database.prepare(
    'SELECT message_id AS id, sequence FROM message_keys WHERE queue = ? AND key = ? AND until_ms > ?',
  );
  const insert = database.prepare(
    `INSERT INTO message_keys (queue, key, message_id, sequence, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (queue, key) DO UPDATE SET message_id = ?3, sequence = ?4, until_ms = ?5`,
  );
  const selectPassed = database.prepare(
    'SELECT queue, key FROM message_keys WHERE until_ms <= ? ORDER BY until_ms LIMIT ?',
  );
  const remove = database.prepare('DELETE FROM message_keys WHERE queue = ? AND key = ?');
  return {
    find(queue, key, nowMs) {
      const found = select.get(queue, key, nowMs) as { id: string; sequence: number } | undefined;
      return found && { id: found.id, sequence: found.sequence };
    },
    put(queue, { key, untilMs }, messageId, sequence, nowMs) {
      insert.run(queue, key, messageId, sequence, untilMs);
      const passed = selectPassed.all(nowMs, forgottenPerKey) as unknown as { queue: number; key: string }[];
      for (const { queue: of, key: old } of passed) remove.run(of, old);
    },
  };
}
