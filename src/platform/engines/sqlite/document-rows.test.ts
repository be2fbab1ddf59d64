/** Tests that the cost of a watch follows what is new, and that of a list what it gives, not what is stored. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { changesSql, rangeSql } from './document-rows.ts';
import { openDatabase } from './schema.ts';

function planOf(context: TestContext, sql: string): readonly string[] {
  const { path, remove } = temporaryDirectory();
  context.after(remove);
  const database = openDatabase(join(path, 'store.db'));
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map((row) => String(row['detail']));
  database.close();
  return plan.filter((step) => /^(SEARCH|SCAN|USE TEMP)/.test(step));
}

test('a watch searches by revision and sorts nothing', (context) => {
  const plan = planOf(context, changesSql);
  assert.equal(plan.length, 2, plan.join('; '));
  assert.match(plan[0] ?? '', /^SEARCH documents USING INDEX documents_by_revision/);
  assert.match(plan[1] ?? '', /^SEARCH tombstones USING COVERING INDEX tombstones_by_revision/);
});

test('a list searches between exactly one lower and one upper bound', (context) => {
  for (const lower of ['>', '>='] as const) {
    const sql = rangeSql(lower);
    assert.equal(sql.match(/key >/g)?.length, 1);
    assert.match(planOf(context, sql).join('; '), /^SEARCH documents USING INDEX \S+ \(key>\? AND key<\?\)$/);
  }
});
