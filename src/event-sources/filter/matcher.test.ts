/** That patterns match what their description says, against a naive matcher, and in linear time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Json, naivelyMatches } from '../fixtures/naive-matcher.ts';
import { type Matcher, compilePattern } from './matcher.ts';
import { parseFilterPattern } from './pattern.ts';

function compiled(pattern: unknown): Matcher {
  const parsed = parseFilterPattern(JSON.stringify(pattern));
  assert.ok(parsed.kind === 'pattern', JSON.stringify(parsed));
  return compilePattern(parsed.pattern);
}

/** pattern, what it matches, what it does not. */
const table: readonly (readonly [
  pattern: unknown,
  matching: readonly unknown[],
  other: readonly unknown[],
])[] = [
  [
    { a: ['x', 1, null, true] },
    [{ a: 'x' }, { a: 1 }, { a: null }, { a: true }],
    [{ a: '1' }, { a: 'X' }, {}, { a: {} }],
  ],
  [{ a: [''] }, [{ a: '' }], [{ a: 'x' }, { a: null }, {}]],
  [{ a: [{ prefix: 'ab' }] }, [{ a: 'ab' }, { a: 'abc' }], [{ a: 'a' }, { a: 'xab' }, { a: 1 }]],
  [{ a: [{ suffix: 'ab' }] }, [{ a: 'ab' }, { a: 'cab' }], [{ a: 'b' }, { a: 'abx' }]],
  [{ a: [{ prefix: { 'equals-ignore-case': 'Ab' } }] }, [{ a: 'aBc' }], [{ a: 'ba' }]],
  [{ a: [{ suffix: { 'equals-ignore-case': 'Ab' } }] }, [{ a: 'xaB' }], [{ a: 'abx' }]],
  [{ a: [{ 'equals-ignore-case': 'Ab' }] }, [{ a: 'aB' }], [{ a: 'ab ' }]],
  [{ a: [{ exists: true }] }, [{ a: null }, { a: 0 }, { a: ['x'] }], [{}, { a: {} }, { a: [] }, { b: 1 }]],
  [{ a: [{ exists: false }] }, [{}, { b: 1 }], [{ a: null }, { a: 'x' }]],
  [{ a: { b: [{ exists: false }] } }, [{}, { a: {} }, { a: 'x' }], [{ a: { b: 1 } }]],
  [
    { a: [{ 'anything-but': ['x', 1] }] },
    [{ a: 'y' }, { a: 2 }, { a: true }, { a: ['x', 'y'] }],
    [{ a: 'x' }, { a: 1 }, {}],
  ],
  [{ a: [{ 'anything-but': { prefix: 'x' } }] }, [{ a: 'ax' }, { a: 1 }], [{ a: 'xa' }, {}]],
  [{ a: [{ 'anything-but': { suffix: ['x', 'y'] } }] }, [{ a: 'xa' }], [{ a: 'ax' }, { a: 'ay' }]],
  [{ a: [{ 'anything-but': { 'equals-ignore-case': ['X', 'y'] } }] }, [{ a: 'z' }], [{ a: 'x' }, { a: 'Y' }]],
  [
    { a: [{ 'anything-but': { wildcard: ['*/lib/*', 'x*'] } }] },
    [{ a: '/bin/a' }],
    [{ a: '/usr/lib/a' }, { a: 'x' }],
  ],
  [{ a: [{ numeric: ['=', 5] }] }, [{ a: 5 }, { a: 5.0 }], [{ a: 4 }, { a: '5' }]],
  [{ a: [{ numeric: ['>', 0, '<=', 5] }] }, [{ a: 0.1 }, { a: 5 }], [{ a: 0 }, { a: 5.1 }]],
  [{ a: [{ numeric: ['<', -1] }, { numeric: ['>=', 1] }] }, [{ a: -2 }, { a: 1 }], [{ a: 0 }, { a: -1 }]],
  [
    { a: [{ wildcard: 'a*b*c' }] },
    [{ a: 'abc' }, { a: 'aXbYbZc' }],
    [{ a: 'ab' }, { a: 'acb' }, { a: 'xabc' }],
  ],
  [{ a: [{ wildcard: '*' }] }, [{ a: '' }, { a: 'x' }], [{ a: 1 }, {}]],
  [{ a: [{ wildcard: '*aab*' }] }, [{ a: 'aaab' }], [{ a: 'aba' }]],
  [{ a: [{ wildcard: 'a\\*b\\\\*' }] }, [{ a: 'a*b\\' }, { a: 'a*b\\x' }], [{ a: 'axb\\' }]],
  [
    { a: [{ cidr: '10.0.0.0/9' }] },
    [{ a: '10.127.255.255' }],
    [{ a: '10.128.0.0' }, { a: '10.0.0' }, { a: '010.0.0.1' }, { a: '::1' }],
  ],
  [
    { a: [{ cidr: '2001:db8::/33' }] },
    [{ a: '2001:0DB8::1' }, { a: '2001:db8:7fff::' }],
    [{ a: '2001:db8:8000::' }, { a: '2001:db8' }, { a: ':::' }],
  ],
  [{ a: [{ cidr: '::ffff:10.0.0.0/104' }] }, [{ a: '::ffff:10.9.9.9' }], [{ a: '10.9.9.9' }]],
  [{ a: [{ cidr: '0.0.0.0/0' }] }, [{ a: '1.2.3.4' }], [{ a: 'x' }, { a: '256.1.1.1' }]],
  [
    { $or: [{ a: [1] }, { b: [2] }], c: [3] },
    [
      { a: 1, c: 3 },
      { b: 2, c: 3 },
    ],
    [{ c: 3 }, { a: 1 }],
  ],
  [
    { a: { $or: [{ b: [1] }, { c: [{ exists: false }] }] } },
    [{ a: { b: 1, c: 1 } }, { a: {} }],
    [{ a: { c: 1 } }],
  ],
  [{ a: ['x'] }, [{ a: ['y', ['x']] }], [{ a: [{ a: 'x' }] }]],
  [{ a: { b: [1], c: [2] } }, [{ a: [{ b: 1, c: 2 }] }], [{ a: [{ b: 1 }, { c: 2 }] }]],
  [{ __proto__x: ['x'], toString: [{ exists: false }] }, [{ __proto__x: 'x' }], [{}]],
];

test('each comparison matches what it says and nothing else', () => {
  for (const [pattern, matching, others] of table) {
    const matcher = compiled(pattern);
    for (const value of matching)
      assert.equal(matcher(value), true, `${JSON.stringify(pattern)} ${JSON.stringify(value)}`);
    for (const value of others)
      assert.equal(matcher(value), false, `${JSON.stringify(pattern)} ${JSON.stringify(value)}`);
  }
});

const listed = (each: fc.Arbitrary<string>) => fc.oneof(each, fc.array(each, { minLength: 1, maxLength: 3 }));

test('the matcher agrees with a naive one', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'B', 'b', '*', '.'), maxLength: 4 });
  const scalar = fc.oneof(word, fc.integer({ min: -3, max: 3 }), fc.boolean(), fc.constant(null));
  const name = fc.constantFrom('a', 'b', 'c');
  const wildcard = fc
    .array(fc.constantFrom('a', 'b', '*', '\\*', '.'), { maxLength: 6 })
    .map((tokens) => tokens.filter((token, at) => token !== '*' || tokens[at - 1] !== '*').join(''));
  const affix = fc.oneof(word, fc.record({ 'equals-ignore-case': word }));
  const number = fc.integer({ min: -3, max: 3 });
  const condition = fc.oneof(
    scalar,
    fc.record({ prefix: affix }),
    fc.record({ suffix: affix }),
    fc.record({ 'equals-ignore-case': word }),
    fc.record({ exists: fc.boolean() }),
    fc.record({ wildcard }),
    fc.record({ numeric: fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), number) }),
    fc.record({ numeric: fc.tuple(fc.constantFrom('>', '>='), number, fc.constant('<='), fc.constant(4)) }),
    fc.record({
      'anything-but': fc.oneof(
        fc.array(fc.oneof(word, number), { minLength: 1, maxLength: 3 }),
        fc.record({ prefix: listed(word) }),
        fc.record({ suffix: listed(word) }),
        fc.record({ 'equals-ignore-case': listed(word) }),
        fc.record({ wildcard: listed(wildcard) }),
      ),
    }),
  );
  const { pattern, value } = fc.letrec((tie) => ({
    pattern: fc
      .tuple(
        fc.dictionary(
          name,
          fc.oneof({ maxDepth: 3 }, fc.array(condition, { minLength: 1, maxLength: 3 }), tie('pattern')),
          {
            minKeys: 1,
            maxKeys: 2,
          },
        ),
        fc.option(fc.array(tie('pattern'), { minLength: 2, maxLength: 2 }), {
          freq: 6,
          nil: undefined,
          maxDepth: 2,
        }),
      )
      .map(([fields, alternatives]) =>
        alternatives ? Object.assign(fields, { $or: alternatives }) : fields,
      ),
    value: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  }));
  const onOne = fc.array(condition, { minLength: 1, maxLength: 3 }).map((conditions) => ({ a: conditions }));
  const one = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })).map((a) => ({ a }));
  let matched = 0;
  const cases = fc.oneof(fc.tuple(pattern, value), fc.tuple(onOne, one));
  fc.assert(
    fc.property(cases, ([wanted, found]) => {
      const text = JSON.stringify(wanted);
      fc.pre(text.length < 4_096 && text.split('"wildcard"').length < 10);
      const expected = naivelyMatches(wanted as Record<string, Json>, found as Json);
      if (expected) matched += 1;
      assert.equal(compiled(wanted)(found), expected);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(matched > 300, `only ${matched} of the records matched`);
});

/** The shortest of a few runs, in milliseconds. */
function bestMs(pattern: unknown, value: unknown): number {
  const matcher = compiled(pattern);
  const runs = [1, 2, 3, 4, 5].map(() => {
    const startedMs = performance.now();
    matcher(value);
    return performance.now() - startedMs;
  });
  return Math.min(...runs);
}

test('a pattern that nearly matches everywhere costs about what a harmless one does', () => {
  const value = { a: 'a'.repeat(300_000) };
  const harmlessMs = bestMs({ a: [{ wildcard: `*${'b'.repeat(2_000)}*` }] }, value);
  // Tried anew at each place, these would take a thousand times as long.
  for (const wildcard of [`*${'a'.repeat(2_000)}b*`, `*b${'a'.repeat(2_000)}*`, `${'a*'.repeat(1_500)}b`]) {
    const factor = bestMs({ a: [{ wildcard }] }, value) / harmlessMs;
    assert.ok(factor < 100, `${wildcard.slice(0, 10)}…: ${factor} times the time`);
  }
});

test('records of any depth and width are walked without a stack and without going back', () => {
  const depth = 100_000;
  const deep = JSON.parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`) as unknown;
  const wide = { a: Array.from({ length: depth }, () => ({ b: 'y' })) };
  assert.equal(compiled({ a: { b: [1] } })(deep), false);
  assert.equal(compiled({ a: [{ exists: false }] })(deep), true);
  assert.equal(compiled({ a: { b: ['x'] } })(wide), false);
});

const leaf = (name: string): unknown => ({ [name]: ['x'] });

test('alternatives within alternatives cost what they are long, not what their combinations are', () => {
  const record = { a: Array.from({ length: 20_000 }, () => ({ b: 'y' })), c: 'z' };
  let nested = leaf('c');
  const flat: unknown[] = [];
  for (let level = 0; level < 30; level += 1) {
    nested = { $or: [nested, leaf('b')], a: { $or: [leaf('b'), leaf('c')] } };
    flat.push(leaf('b'), { a: { $or: [leaf('b'), leaf('c')] } });
  }
  assert.equal(compiled(nested)(record), false);
  const factor = bestMs(nested, record) / bestMs({ $or: flat }, record);
  assert.ok(factor < 100, `${factor} times the time, of 2^30 combinations`);
});

const found = (text: string): unknown => JSON.parse(`{"a":${text}}`);

test('numbers beyond all bounds are compared and nothing else happens', () => {
  const above = compiled({ a: [{ numeric: ['>', 4_999_999_999] }] });
  const range = compiled({ a: [{ numeric: ['>=', -5_000_000_000, '<=', 5_000_000_000] }] });
  const digits = '9'.repeat(100_000);
  for (const text of ['1e999', digits, '5000000000.5', `1.${digits}e300`]) {
    assert.deepEqual([above(found(text)), range(found(text))], [true, false], text.slice(0, 20));
  }
  for (const text of ['-1e999', `-${digits}`]) {
    assert.deepEqual([above(found(text)), range(found(text))], [false, false], text.slice(0, 20));
  }
  for (const text of ['1e-999', '-0', `0.${digits}`, '-5000000000']) {
    assert.deepEqual([above(found(text)), range(found(text))], [false, true], text.slice(0, 20));
  }
  for (const text of ['"5000000001"', '[]', '{}', 'null', 'true']) {
    assert.deepEqual([above(found(text)), range(found(text))], [false, false], text);
  }
});
