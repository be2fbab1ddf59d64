/** The generated table is what the pinned client and the constraints give: after a change of either, `npm run generate`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatTable, generateTable } from './generate-operations.ts';

const written = readFileSync(new URL('../src/wire/generated/lambda.json', import.meta.url), 'utf8');
const table = generateTable() as Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
>;

test('src/wire/generated/lambda.json is up to date (npm run generate)', () => {
  assert.equal(written, formatTable(table));
});

test('it is JSON, and holds what the model holds', () => {
  assert.deepEqual(JSON.parse(written), table);
  assert.equal(Object.keys(table['operations'] ?? {}).length, 88);
  assert.equal(Object.keys(table['errors'] ?? {}).length, 56);
});

test('enum values that only the client knows are in it, beside those of the constraints', () => {
  const values = table['shapes']?.['SourceAccessType']?.['enum'] as readonly string[];
  assert.ok(values.includes('BASIC_AUTH'));
  assert.ok(values.includes('OAUTHBEARER_LOGICAL_CLUSTER'));
});

test('secrets are marked, and errors that an operation declares exist', () => {
  for (const name of ['EnvironmentVariables', 'EnvironmentVariableValue', 'Blob', 'OperationPayload']) {
    assert.equal(table['shapes']?.[name]?.['sensitive'], true, name);
  }
  for (const [name, { errors }] of Object.entries(table['operations'] ?? {})) {
    for (const error of errors as readonly string[])
      assert.ok(error in (table['errors'] ?? {}), `${name}: ${error}`);
  }
});
