/** Which answers of functions mean what for their batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readBatchAnswer } from './batch-answer.ts';

const read = (text: string) => readBatchAnswer(Buffer.from(text), new Set(['1', '2']));

test('an answer that lists nothing is a success', () => {
  for (const text of [
    '',
    'null',
    '{}',
    '""',
    '{"batchItemFailures":[]}',
    '{"batchItemFailures":null}',
    '{"other":1}',
  ]) {
    assert.deepEqual(read(text), { kind: 'all-done' }, text);
  }
});

test('an answer that makes no sense is a failure of all', () => {
  const answers = [
    '{',
    '"text"',
    '1',
    'true',
    '[]',
    '{"batchItemFailures":{}}',
    '{"batchItemFailures":"1"}',
    '{"batchItemFailures":["1"]}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"itemIdentifier":1}]}',
    '{"batchItemFailures":[{"messageId":"1"}]}',
    '{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"3"}]}',
  ];
  for (const text of answers) assert.deepEqual(read(text), { kind: 'all-failed' }, text);
});

test('what is named has failed', () => {
  const text = '{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"2","why":"x"}]}';
  assert.deepEqual(read(text), { kind: 'some-failed', ids: new Set(['2']) });
});

test('any answer is read', () => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().map((json) => `{"batchItemFailures":${json}}`),
  );
  fc.assert(
    fc.property(text, (answer) => assert.match(read(answer).kind, /^(all-done|all-failed|some-failed)$/)),
  );
});
