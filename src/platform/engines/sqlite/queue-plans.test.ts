/** No statement of a queue reads more than it answers: each searches by a key or an index, and none sorts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { engineLimits } from '../../limits.ts';
import { queueHandlers } from './queue-rows.ts';
import { openDatabase } from './schema.ts';

test('no statement of a queue scans a table or sorts', (context) => {
  const { path, remove } = temporaryDirectory();
  context.after(remove);
  const database = openDatabase(join(path, 'store.db'));
  context.after(() => database.close());
  const statements: string[] = [];
  const prepare = database.prepare.bind(database);
  context.mock.method(database, 'prepare', (sql: string) => {
    statements.push(sql);
    return prepare(sql);
  });
  queueHandlers(database, engineLimits);
  assert.ok(statements.length > 30, `${statements.length} statements were seen`);
  const slow = statements.flatMap((sql) =>
    prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
      // The store's own row is the only one of its table.
      .filter((step) => /^SCAN (?!store)|TEMP B-TREE/.test(step))
      .map((step) => `${step}: ${sql}`),
  );
  assert.deepEqual(slow, []);
});
