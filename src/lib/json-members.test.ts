/** Members of JSON that somebody else wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsErrorIn, membersIn, textIn } from './json-members.ts';

test('what is no JSON object has no members', () => {
  for (const text of ['', '{', 'null', '1', '"text"']) assert.equal(membersIn(text), undefined, text);
  assert.deepEqual(membersIn('{"a":"1","b":2}'), { a: '1', b: 2 });
});

test('a member is text or not there', () => {
  const members = membersIn('{"a":"1","b":2}');
  assert.equal(textIn(members, 'a'), '1');
  assert.equal(textIn(members, 'b'), undefined);
  assert.equal(textIn(undefined, 'a'), undefined);
});

test('an error is named without its namespace, and its message may begin either way', () => {
  assert.deepEqual(awsErrorIn({ __type: 'com.amazonaws.sqs#NoSuch', message: 'm' }), {
    type: 'NoSuch',
    message: 'm',
  });
  assert.deepEqual(awsErrorIn({ __type: 'NoSuch', Message: 'M' }), { type: 'NoSuch', message: 'M' });
  assert.deepEqual(awsErrorIn({ __type: 1 }), { type: undefined, message: '' });
  assert.deepEqual(awsErrorIn(undefined), { type: undefined, message: '' });
});
