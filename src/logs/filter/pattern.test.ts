/** What filter patterns match and refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parsePattern } from './pattern.ts';

function matches(pattern: string, message: string): boolean {
  const parsed = parsePattern(pattern);
  if (parsed.kind === 'refused') throw new Error(parsed.message);
  return parsed.matches(message);
}

function refusal(pattern: string): string {
  const parsed = parsePattern(pattern);
  assert.equal(parsed.kind, 'refused', pattern);
  return parsed.kind === 'refused' ? parsed.message : '';
}

test('an empty pattern matches everything', () => {
  assert.ok(matches('', 'anything'));
  assert.ok(matches('   ', ''));
});

test('terms must all be there, in any order and with their case', () => {
  assert.ok(matches('ERROR timeout', 'a timeout: ERROR'));
  assert.ok(!matches('ERROR timeout', 'ERROR only'));
  assert.ok(!matches('ERROR', 'error'));
});

test('a quoted phrase is found as it is', () => {
  assert.ok(matches('"exit code: 1"', 'the exit code: 1'));
  assert.ok(!matches('"exit code: 1"', 'exit 1 code'));
  assert.ok(matches('"say \\"hi\\""', 'they say "hi"'));
});

test('excluded terms must not be there', () => {
  assert.ok(matches('ERROR -DEBUG', 'ERROR'));
  assert.ok(!matches('ERROR -DEBUG', 'ERROR in DEBUG'));
  assert.ok(!matches('-"a b"', 'x a b'));
});

test('of optional terms one is enough, and none is needed beside a term that must be', () => {
  assert.ok(matches('?ERROR ?WARN', 'WARN'));
  assert.ok(!matches('?ERROR ?WARN', 'INFO'));
  assert.ok(matches('INFO ?ERROR', 'INFO'));
});

test('characters that need quotes are named', () => {
  assert.equal(refusal('?Status: timeout'), "Invalid character(s) in term ':'");
  assert.equal(refusal('exit('), "Invalid character(s) in term '('");
  assert.match(refusal('"never closed'), /Invalid character\(s\) in term '"'/);
});

test('what is not supported is refused, not ignored', () => {
  assert.match(refusal('[ip, user, ...]'), /space-delimited/);
  assert.match(refusal('%AB+C%'), /regular expressions/);
  assert.match(refusal('{ $.a = %x% }'), /regular expressions/);
});

const record = JSON.stringify({
  level: 'ERROR',
  status: 503,
  message: 'connect ECONNREFUSED',
  user: { id: 7, name: null, admin: true, tags: ['red', 'green'] },
  items: [{ price: 5 }, { price: 50 }],
  'detail-type': 'Order',
  'a.b': 1,
});

const cases: readonly (readonly [pattern: string, expected: boolean])[] = [
  ['{ $.level = "ERROR" }', true],
  ['{$.level="ERROR"}', true],
  ['{ $.level = ERR* }', true],
  ['{ $.level = "*RO*" }', true],
  ['{ $.level = "ERR" }', false],
  ['{ $.level != "INFO" }', true],
  ['{ $.nothing != "INFO" }', false],
  ['{ $.status = 503 }', true],
  ['{ $.status = 5* }', true],
  ['{ $.status != 5* }', false],
  ['{ $.status >= 500 && $.status < 600 }', true],
  ['{ $.status > 5.03e2 }', false],
  ['{ $.status <= 503 }', true],
  ['{ $.level > 1 }', false],
  ['{ $.user.name IS NULL }', true],
  ['{ $.user.id IS NULL }', false],
  ['{ $.user.admin IS TRUE }', true],
  ['{ $.user.admin is false }', false],
  ['{ $.user.admin = true }', true],
  ['{ $.user.email NOT EXISTS }', true],
  ['{ $.user.id NOT EXISTS }', false],
  ['{ $.user.id EXISTS }', true],
  ['{ $.user.tags[0] = "red" }', true],
  ['{ $.user.tags[1] = "red" }', false],
  ['{ $.user.tags[*] = "green" }', true],
  ['{ $.items[*].price > 40 }', true],
  ['{ $.items[*].price > 400 }', false],
  ['{ $.detail-type = "Order" }', true],
  ["{ $['a.b'] = 1 }", true],
  ['{ $.level = "INFO" || $.status = 503 }', true],
  ['{ $.level = "INFO" && $.status = 503 || $.user.id = 7 }', true],
  ['{ $.level = "INFO" && ($.status = 503 || $.user.id = 7) }', false],
  ['{ ($.level = "ERROR") && (($.user.id = 7)) }', true],
  ['{ $.message = "connect *" }', true],
];

for (const [pattern, expected] of cases) {
  test(`${pattern} is ${String(expected)} of the example`, () => {
    assert.equal(matches(pattern, record), expected);
  });
}

test('a message that is no JSON object never matches a JSON pattern', () => {
  assert.ok(!matches('{ $.a NOT EXISTS }', 'plain text'));
  assert.ok(!matches('{ $.a NOT EXISTS }', '{"a":'));
  assert.ok(matches('{ $.a NOT EXISTS }', '{}'));
});

test('broken JSON patterns are refused with a reason', () => {
  for (const pattern of [
    '{ $.a = }',
    '{ $.a }',
    '{',
    '{ }',
    '{ a = 1 }',
    '{ ($.a = 1 }',
    '{ $.a > x }',
    '{ $.a = 1 $.b = 2 }',
    '{ $ = 1 }',
    '{ $.a[ = 1 }',
    '{ $.a = 1, $.b = 2 }',
  ]) {
    assert.match(refusal(pattern), /^Invalid (filter pattern|character)/, pattern);
  }
  assert.match(refusal(`{ ${'('.repeat(500)}$.a=1${')'.repeat(500)} }`), /parentheses/);
});

test('any text is either parsed or refused, and matching never throws', () => {
  const soup = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '$.a',
      '[0]',
      '(',
      ')',
      '&&',
      '||',
      '=',
      '!=',
      '"',
      '\\',
      '*',
      'IS',
      'NOT',
      'EXISTS',
      ' ',
      'x',
      '-',
      '?',
      '%',
      '1',
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        soup.map((parts) => parts.join('')),
        fc.string(),
      ),
      fc.oneof(fc.string(), fc.json()),
      (pattern, message) => {
        const parsed = parsePattern(pattern);
        if (parsed.kind === 'pattern') parsed.matches(message);
        else assert.match(parsed.message, /^Invalid/);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('wildcards match what a naive search for their parts in order says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (parts, value) => {
      const expected = new RegExp(`^${parts.join('.*')}$`).test(value);
      assert.equal(matches(`{ $.v = "${parts.join('*')}" }`, JSON.stringify({ v: value })), expected);
    }),
  );
});
