/** Opens the database file and brings its schema up: one row that describes the store, and the tables of each port. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What version 1 had. Later versions are steps from the one before; a file with a version that is not known here is refused. */
const tables = `
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    pruned_revision INTEGER NOT NULL,
    tombstones INTEGER NOT NULL
  ) STRICT;
  INSERT INTO store VALUES (1, 1, 0, 0, 0);

  CREATE TABLE documents (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
  CREATE INDEX documents_by_revision ON documents (revision, key);
  CREATE TABLE tombstones (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
  CREATE INDEX tombstones_by_revision ON tombstones (revision, key);

  CREATE TABLE journal_partitions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL,
    next INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE journal_records (
    partition INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (partition, sequence)
  ) STRICT;

  CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, messages INTEGER NOT NULL) STRICT;
  CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    visible_at_ms REAL NOT NULL,
    receive_count INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX messages_by_visibility ON messages (queue, visible_at_ms, sequence, receive_count);
  -- Apart from the messages, so that receiving one does not write its body again.
  CREATE TABLE message_bodies (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
`;

/** The step at index i leads from version i + 1 to the next. Never changed once released. */
const steps: readonly string[] = [
  // Messages in groups, keys of messages that are sent once, the age of messages.
  `
  ALTER TABLE messages ADD COLUMN first_received_at_ms INTEGER;
  ALTER TABLE messages ADD COLUMN group_name TEXT;
  CREATE INDEX messages_by_age ON messages (queue, sent_at_ms);
  CREATE INDEX messages_by_group ON messages (queue, group_name, sequence) WHERE group_name IS NOT NULL;
  -- A group is here while it has messages. free_at_ms: when the first of them can be received.
  CREATE TABLE message_groups (
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    free_at_ms REAL NOT NULL,
    head INTEGER NOT NULL,
    PRIMARY KEY (queue, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_groups_by_time ON message_groups (queue, free_at_ms, head);
  CREATE TABLE message_keys (
    queue INTEGER NOT NULL,
    key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    until_ms REAL NOT NULL,
    PRIMARY KEY (queue, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_keys_by_end ON message_keys (until_ms);
`,
  // Sequences are given out in blocks, a block to a queue (queue-row.ts), and most messages stand in line (queue-line.ts): these are in no
  // index. Messages of before are in the indexes, where those are that have left the line.
  `
  ALTER TABLE store ADD COLUMN next_sequence INTEGER NOT NULL DEFAULT 1;
  UPDATE store SET next_sequence = 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0);
  ALTER TABLE queues ADD COLUMN next_sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN block_end INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN line_length INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN line_head INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN line_block_end INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN line_sent_at_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queues ADD COLUMN line_visible_at_ms REAL NOT NULL DEFAULT 0;
  CREATE TABLE line_blocks (
    queue INTEGER NOT NULL,
    first INTEGER NOT NULL,
    block_end INTEGER NOT NULL,
    PRIMARY KEY (queue, first)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE messages_in_blocks (
    sequence INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    visible_at_ms REAL NOT NULL,
    receive_count INTEGER NOT NULL,
    in_line INTEGER NOT NULL,
    first_received_at_ms INTEGER,
    group_name TEXT
  ) STRICT;
  INSERT INTO messages_in_blocks
    SELECT sequence, queue, message_id, sent_at_ms, visible_at_ms, receive_count, 0, first_received_at_ms, group_name
    FROM messages ORDER BY sequence;
  DROP TABLE messages;
  ALTER TABLE messages_in_blocks RENAME TO messages;
  CREATE INDEX messages_by_visibility ON messages (queue, visible_at_ms, sequence, receive_count) WHERE in_line = 0;
  CREATE INDEX messages_by_age ON messages (queue, sent_at_ms) WHERE in_line = 0;
  CREATE INDEX messages_by_group ON messages (queue, group_name, sequence) WHERE group_name IS NOT NULL;
`,
];
export const schemaVersion = 1 + steps.length;

/** Pages that the connection keeps in memory. */
const pageCacheKib = 16 * 1024;

/** Pages in the write-ahead log (16 MiB) after which they are put in their places: pages that are written again and again are then written there once. */
const logPagesMax = 4096;

/** The write-ahead log is cut back to this after a checkpoint. */
const logFileBytesMax = 64 * 1024 * 1024;

/** Throws SQLite's error when the file cannot be opened, or an Error when a newer Lambkin wrote it. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Exclusive before WAL: no other process gets in, and the log's index is kept on the heap instead of in a mapped file, which a full
    // disk could tear away.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    // macOS: a plain fsync leaves the data in the drive's cache.
    database.exec('PRAGMA fullfsync = ON');
    database.exec('PRAGMA checkpoint_fullfsync = ON');
    database.exec('PRAGMA temp_store = MEMORY');
    database.exec(`PRAGMA cache_size = -${pageCacheKib}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${logPagesMax}`);
    database.exec(`PRAGMA journal_size_limit = ${logFileBytesMax}`);
    createTables(database);
    syncDirectory(dirname(path));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Creates what is not there; `upTo` is an earlier version for tests of what is made of it. */
export function createTables(database: DatabaseSync, upTo: number = schemaVersion): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'store'").get() !== undefined;
    if (!exists) database.exec(tables);
    const version = Number(
      database.prepare('SELECT schema_version AS version FROM store').get()?.['version'],
    );
    if (!(version >= 1 && version <= upTo)) {
      throw new Error(
        `the store was written by another release of Lambkin (its schema is ${version}, this one's ${schemaVersion})`,
      );
    }
    for (const step of steps.slice(version - 1, upTo - 1)) database.exec(step);
    database.prepare('UPDATE store SET schema_version = ?').run(upTo);
    database.exec('COMMIT');
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

/** Makes the names of the files that were created durable, not only their contents. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
