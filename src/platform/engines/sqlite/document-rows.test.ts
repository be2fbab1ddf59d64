/** Tests that the cost of a watch follows what is new, not what is stored. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { changesSql } from './document-rows.ts';
import { openDatabase } from './schema.ts';

test('a watch searches by revision and sorts nothing', (context) => {
  const { path, remove } = temporaryDirectory();
  context.after(remove);
  const database = openDatabase(join(path, 'store.db'));
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN ${changesSql}`)
    .all()
    .map((row) => String(row['detail']));
  database.close();
  const searches = plan.filter((step) => /^(SEARCH|SCAN|USE TEMP)/.test(step));
  assert.equal(searches.length, 2, plan.join('; '));
  assert.match(searches[0] ?? '', /^SEARCH documents USING INDEX documents_by_revision/);
  assert.match(searches[1] ?? '', /^SEARCH tombstones USING COVERING INDEX tombstones_by_revision/);
});
