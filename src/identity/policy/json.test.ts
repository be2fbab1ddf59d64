/** Tests of reading JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isArray, isObject, type Json, JsonNumber, readJson } from './json.ts';
import { documentDepthMax, documentValuesMax } from './limits.ts';

function plain(json: Json): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (isArray(json)) return json.map(plain);
  if (isObject(json)) return Object.fromEntries([...json].map(([name, value]) => [name, plain(value)]));
  return json;
}

function isMalformed(text: string): boolean {
  return readJson(text).kind === 'malformed';
}

test('what JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const outcome = readJson(text);
      assert.ok(outcome.kind === 'parsed', text);
      assert.deepEqual(plain(outcome.value), JSON.parse(text));
    }),
  );
});

test('a text is refused where JSON.parse refuses it, and nothing throws', () => {
  const fragment = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '\\',
    '\\u12',
    '1',
    '-',
    '.5',
    'e',
    'true',
    'nul',
    ' ',
    '\n',
    '\u0001',
    '\ud800',
  );
  const text = fc.oneof(
    fc.array(fragment, { maxLength: 14 }).map((list) => list.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const outcome = readJson(text);
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        assert.equal(outcome.kind, 'malformed', text);
        return;
      }
      if (outcome.kind === 'parsed') assert.deepEqual(plain(outcome.value), value);
      else assert.match(outcome.problem, /twice|surrogate|many|deeply/, text);
    }),
    { numRuns: 3000 },
  );
});

test('a member name that is there twice is refused, wherever and however it is written', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"x":[],"y":0,"x":[]}}]',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    assert.ok(isMalformed(text), text);
  }
  assert.ok(!isMalformed('{"a":1,"A":1,"__proto__":{"a":1}}'));
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test('nesting and number of values are bounded', () => {
  assert.ok(!isMalformed(nested(documentDepthMax)));
  assert.ok(isMalformed(nested(documentDepthMax + 1)));
  assert.ok(isMalformed('['.repeat(1_000_000)));
  assert.ok(isMalformed('{"a":'.repeat(100_000)));
  assert.ok(isMalformed(`[${'1,'.repeat(documentValuesMax)}1]`));
});

test('half of a surrogate pair is refused, written out or escaped; a whole pair is not', () => {
  assert.ok(isMalformed('"\ud83d"'));
  assert.ok(isMalformed('"\\ud83d"'));
  assert.ok(isMalformed('{"\\udc00":1}'));
  assert.ok(!isMalformed('"\\ud83d\\ude00 😀"'));
});

test('numbers stay as they are written', () => {
  const outcome = readJson('[1.50, 1e3, 12345678901234567890]');
  assert.ok(outcome.kind === 'parsed' && isArray(outcome.value));
  assert.deepEqual(
    outcome.value.map((item) => (item instanceof JsonNumber ? item.text : item)),
    ['1.50', '1e3', '12345678901234567890'],
  );
  assert.ok(isMalformed('1'.repeat(100)));
  assert.ok(isMalformed('01'));
});
