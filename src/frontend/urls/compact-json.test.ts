/** Compact JSON, for any JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compactJson } from './compact-json.ts';

const of = (text: string): string => Buffer.from(compactJson(Buffer.from(text))).toString();

test('blanks between tokens are left out, blanks in texts stay', () => {
  assert.equal(of(' { "a b" : [ 1 ,\t2 ] , "\\\\" : "\\" \\\\" }\r\n'), '{"a b":[1,2],"\\\\":"\\" \\\\"}');
});

test('any JSON, however it is laid out, becomes what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 4, '\t'), (value, blanks) => {
      assert.equal(of(JSON.stringify(value, null, blanks)), JSON.stringify(value));
    }),
  );
});

test('what has no blanks is not copied', () => {
  const json = Buffer.from('{"a":"b c"}');
  assert.equal(compactJson(json), json);
});
