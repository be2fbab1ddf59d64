/** The SQLite engine under the contracts of its ports. */
import { join } from 'node:path';
import { FakeClock, seededEntropy } from '#platform';
import { documentsContract } from '../../contract/documents.ts';
import { journalContract } from '../../contract/journal.ts';
import { queueGroupsContract } from '../../contract/queue-groups.ts';
import { queueContract } from '../../contract/queue.ts';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import type { EngineLimits } from '../../limits.ts';
import { openSqlite } from './index.ts';
import type { SqliteEngine } from './index.ts';

async function open(limits: Partial<EngineLimits> = {}, clock = new FakeClock()): Promise<SqliteEngine> {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'store.db');
  const engine = await openSqlite(path, { clock, entropy: seededEntropy(1), limits });
  return {
    ...engine,
    async close() {
      await engine.close();
      directory.remove();
    },
  };
}

documentsContract('sqlite', open);
journalContract('sqlite', open);
queueContract('sqlite', async (clock, limits) => open(limits, clock));
queueGroupsContract('sqlite', async (clock, limits) => open(limits, clock));
