/** The JSON check agrees with JSON.parse on everything, and says where the problem is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkJson } from './json-check.ts';

const encoder = new TextEncoder();
const isValid = (text: string): boolean => checkJson(encoder.encode(text)).kind === 'valid';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('what JSON.stringify writes is valid', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, '\t', '\r\n '), (value, space) => {
      assert.ok(isValid(JSON.stringify(value, null, space)));
    }),
  );
});

test('it agrees with JSON.parse on texts made of the pieces of JSON', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '""',
    '0',
    '-',
    '01',
    '1.',
    '.5',
    '1e',
    'E+3',
    '2e-7',
    'true',
  ];
  const more = [
    'false',
    'null',
    'nul',
    ' ',
    '\n',
    '"\\u00e9"',
    '"\\u12"',
    '"\\x"',
    '"\n"',
    '"',
    '\\',
    'é',
    '\u00a0',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 9 }), (parts) => {
      const text = parts.join('');
      assert.equal(isValid(text), parses(text), JSON.stringify(text));
    }),
    { numRuns: 5_000 },
  );
});

test('it agrees with JSON.parse on valid texts that one change has damaged', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 2 }), (json, at, piece) => {
      const text = json.slice(0, at % (json.length + 1)) + piece + json.slice((at % (json.length + 1)) + 1);
      assert.equal(isValid(text), parses(text), JSON.stringify(text));
    }),
    { numRuns: 2_000 },
  );
});

test('nesting is bounded by the payload only', () => {
  const deep = 100_000;
  assert.ok(isValid('['.repeat(deep) + ']'.repeat(deep)));
  assert.ok(isValid('{"a":['.repeat(deep) + '0' + ']}'.repeat(deep)));
  assert.ok(!isValid('['.repeat(deep) + ']'.repeat(deep - 1) + '}'));
});

test('bytes that are no UTF-8 are refused', () => {
  assert.deepEqual(checkJson(new Uint8Array([0x22, 0xff, 0x22])), {
    kind: 'invalid',
    problem: 'Invalid UTF-8',
  });
});

test('the problem names its place', () => {
  assert.deepEqual(checkJson(encoder.encode('hello')), {
    kind: 'invalid',
    problem: "Unexpected character 'h' (code 104) at line: 1, column: 1",
  });
  assert.deepEqual(checkJson(encoder.encode('{"a":\n  1,}')), {
    kind: 'invalid',
    problem: "Unexpected character '}' (code 125) at line: 2, column: 5",
  });
  assert.deepEqual(checkJson(encoder.encode('[1')), {
    kind: 'invalid',
    problem: 'Unexpected end-of-input at line: 1, column: 3',
  });
});
