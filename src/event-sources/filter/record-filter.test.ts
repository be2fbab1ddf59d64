/** What of a message's body is compared with what, as AWS's table of filtering has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from './record-filter.ts';

const accepts = (patterns: readonly unknown[], record: Record<string, unknown>): boolean =>
  compileFilter(
    patterns.map((pattern) => JSON.stringify(pattern)),
    'body',
  )(record);

test('body and pattern must be of one kind', () => {
  const json = { body: '{"a":[1,2]}' };
  const text = { body: 'hello' };
  assert.equal(accepts([{ body: { a: [1] } }], json), true);
  assert.equal(accepts([{ body: { a: [3] } }], json), false);
  assert.equal(accepts([{ body: ['hello'] }], text), true);
  assert.equal(accepts([{ body: [{ prefix: 'x' }] }], text), false);
  assert.equal(accepts([{ body: { a: [{ exists: false }] } }], text), false);
  assert.equal(accepts([{ body: [{ exists: true }, { exists: false }] }], json), false);
  assert.equal(accepts([{ body: ['42'] }], { body: '42' }), true);
  assert.equal(accepts([{ body: ['{broken'] }], { body: '{broken' }), true);
  assert.equal(accepts([{ body: { a: [1] } }], { body: ' [{"a":1}]' }), true);
});

test('other fields are looked at whatever the body is', () => {
  const record = { body: 'hello', messageAttributes: { city: { stringValue: 'Basel', dataType: 'String' } } };
  assert.equal(accepts([{ messageAttributes: { city: { stringValue: ['Basel'] } } }], record), true);
  assert.equal(accepts([{ messageAttributes: { city: { stringValue: ['Bern'] } } }], record), false);
  assert.equal(
    accepts([{ body: ['hello'], messageAttributes: { city: { dataType: ['String'] } } }], record),
    true,
  );
});

test('one pattern is enough, and a choice may be about the body', () => {
  const patterns = [{ body: { a: [1] } }, { body: { b: [{ numeric: ['>', 5] }] } }];
  assert.equal(accepts(patterns, { body: '{"b":6}' }), true);
  assert.equal(accepts(patterns, { body: '{"b":5}' }), false);
  const choice = [{ $or: [{ body: ['x'] }, { messageId: ['1'] }] }];
  assert.equal(accepts(choice, { body: '{}', messageId: '1' }), true);
  assert.equal(accepts(choice, { body: 'x', messageId: '2' }), true);
  assert.equal(accepts(choice, { body: '{}', messageId: '2' }), false);
  assert.equal(accepts([], { body: 'anything' }), true);
});
