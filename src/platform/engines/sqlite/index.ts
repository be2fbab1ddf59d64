/** The SQLite engine: documents, journals and queues in one database file, served by a thread of its own. */
import { engineLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { Clock } from '../../clock.ts';
import type { Documents } from '../../documents.ts';
import type { Journal } from '../../journal.ts';
import type { Queue } from '../../queue.ts';
import type { Entropy } from '../../random.ts';
import { Watchers } from '../document-watch.ts';
import { Followers } from '../journal-follow.ts';
import { SqliteDocuments } from './documents.ts';
import { SqliteJournal } from './journal.ts';
import { Link } from './link.ts';
import { SqliteQueue } from './queue.ts';

export { lockDirectory } from './directory-lock.ts';
export type { DirectoryLock } from './directory-lock.ts';

export interface SqliteEngine {
  readonly documents: Documents;
  readonly journal: Journal;
  readonly queue: Queue;
  /** Lets what waits finish, then closes the file. Watches and follows that are still open throw. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the database file at `path`, and makes it if it is not there. The directory must exist. Rejects with a `StoreUnavailableError` when
 * the file cannot be opened (`busy`: another process has it).
 */
export async function openSqlite(
  path: string,
  options: { readonly clock: Clock; readonly entropy: Entropy; readonly limits?: Partial<EngineLimits> },
): Promise<SqliteEngine> {
  return (await openSqliteWithLink(path, options)).engine;
}

/** Also gives the link, for tests that break it. */
export async function openSqliteWithLink(
  path: string,
  options: { readonly clock: Clock; readonly entropy: Entropy; readonly limits?: Partial<EngineLimits> },
): Promise<{ readonly engine: SqliteEngine; readonly link: Link }> {
  const limits: EngineLimits = { ...engineLimits, ...options.limits };
  const watchers = new Watchers(limits.watchersMax);
  const followers = new Followers(limits.watchersMax);
  const link = await Link.open({ path, limits }, (error) => {
    watchers.fail(error);
    followers.fail(error);
  });
  const engine: SqliteEngine = {
    documents: new SqliteDocuments(link, watchers),
    journal: new SqliteJournal(link, followers, limits),
    queue: new SqliteQueue(link, options.clock, options.entropy, limits),
    close: async () => link.close(),
  };
  return { engine, link };
}
