/** Which texts are filter patterns, and that no text makes the parser do anything but say so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseFilterPattern } from './pattern.ts';

const good: readonly unknown[] = [
  { body: { city: ['Basel'] } },
  { a: [null, '', 0, true, -1.5] },
  { a: [{ prefix: 'x' }, { suffix: 'y' }, { 'equals-ignore-case': 'Z' }] },
  { a: [{ prefix: { 'equals-ignore-case': 'x' } }] },
  { a: [{ exists: true }], b: [{ exists: false }] },
  { a: [{ 'anything-but': ['x', 1] }, { 'anything-but': 'x' }, { 'anything-but': { prefix: 'x' } }] },
  { a: [{ 'anything-but': { suffix: ['x', 'y'] } }] },
  { a: [{ numeric: ['=', 1] }, { numeric: ['>', 0, '<=', 5] }] },
  { $or: [{ a: [1] }, { b: [2] }], c: { d: [3] } },
  { a: [{ wildcard: '*' }, { 'anything-but': { wildcard: ['a*', '*b'] } }] },
  { a: [{ cidr: '10.0.0.0/24' }, { cidr: '2001:db8::/32' }] },
];

const bad: readonly unknown[] = [
  [],
  'text',
  null,
  {},
  { a: 'x' },
  { a: 1 },
  { a: [] },
  { a: {} },
  { a: [[1]] },
  { a: [{}] },
  { a: [{ prefix: 'x', suffix: 'y' }] },
  { a: [{ prefix: 1 }] },
  { a: [{ exists: 'yes' }] },
  { a: [{ wildcard: 'a**' }] },
  { a: [{ wildcard: 'a\\n' }] },
  { a: [{ wildcard: 1 }] },
  { a: Array.from({ length: 33 }, () => ({ wildcard: '*' })) },
  { a: [{ cidr: '10.0.0.0' }] },
  { a: [{ cidr: '10.0.0.0/33' }] },
  { a: [{ cidr: '10.0.0.256/8' }] },
  { a: [{ cidr: '1::2::3/8' }] },
  { a: [{ numeric: [] }] },
  { a: [{ numeric: ['!', 1] }] },
  { a: [{ numeric: ['=', '1'] }] },
  { a: [{ numeric: ['<', 5, '>', 1] }] },
  { a: [{ numeric: ['>', 5, '<', 5] }] },
  { a: [{ numeric: ['=', 5_000_000_001] }] },
  { a: [{ numeric: ['>', -Number.MAX_VALUE] }] },
  { a: [{ 'anything-but': [] }] },
  { a: [{ 'anything-but': [true] }] },
  { a: [{ 'anything-but': { exists: true } }] },
  { $or: [{ a: [1] }] },
  { $or: { a: [1] } },
];

test('the comparisons of the developer guide are patterns', () => {
  for (const pattern of good) {
    const parsed = parseFilterPattern(JSON.stringify(pattern));
    assert.equal(parsed.kind, 'pattern', `${JSON.stringify(pattern)}: ${JSON.stringify(parsed)}`);
  }
});

test('what is no pattern is told as such', () => {
  for (const pattern of bad) {
    assert.equal(parseFilterPattern(JSON.stringify(pattern)).kind, 'invalid', JSON.stringify(pattern));
  }
  for (const text of ['', '{', '{"a":[01]}', '{"a":["' + 'x'.repeat(4_100) + '"]}']) {
    assert.equal(parseFilterPattern(text).kind, 'invalid', text.slice(0, 20));
  }
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}[1]${'}'.repeat(depth)}`;

test('objects nest up to a bound, and lists of lists do not overflow the stack', () => {
  assert.equal(parseFilterPattern(nested(64)).kind, 'pattern');
  assert.equal(parseFilterPattern(nested(65)).kind, 'invalid');
  assert.equal(parseFilterPattern(`{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`).kind, 'invalid');
});

test('the tree says what the text says', () => {
  const text =
    '{"body":{"n":[{"numeric":[">",1,"<",2]}]},"$or":[{"a":["x"]},{"__proto__":[{"exists":false}]}]}';
  assert.deepEqual(parseFilterPattern(text), {
    kind: 'pattern',
    pattern: {
      fields: [
        [
          'body',
          {
            kind: 'object',
            pattern: {
              fields: [
                [
                  'n',
                  {
                    kind: 'any-of',
                    conditions: [
                      {
                        kind: 'numeric',
                        bounds: [
                          { comparison: '>', value: 1 },
                          { comparison: '<', value: 2 },
                        ],
                      },
                    ],
                  },
                ],
              ],
              alternatives: [],
            },
          },
        ],
      ],
      alternatives: [
        {
          fields: [['a', { kind: 'any-of', conditions: [{ kind: 'equals', value: 'x' }] }]],
          alternatives: [],
        },
        {
          fields: [['__proto__', { kind: 'any-of', conditions: [{ kind: 'exists', exists: false }] }]],
          alternatives: [],
        },
      ],
    },
  });
});

test('any JSON and any text gives an answer', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const parsed = parseFilterPattern(text);
      if (parsed.kind === 'invalid') assert.notEqual(parsed.reason, '');
    }),
  );
});

test('every pattern made of fields and values is one', () => {
  const leaf = fc.array(fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.boolean()), {
    minLength: 1,
    maxLength: 3,
  });
  const name = fc.string({ maxLength: 5 }).filter((each) => each !== '$or');
  const { pattern } = fc.letrec((tie) => ({
    pattern: fc.dictionary(name, fc.oneof({ depthSize: 'small' }, leaf, tie('pattern')), {
      minKeys: 1,
      maxKeys: 3,
    }),
  }));
  fc.assert(
    fc.property(pattern, (tree) => {
      const text = JSON.stringify(tree);
      fc.pre(text.length <= 4_096);
      assert.equal(parseFilterPattern(text).kind, 'pattern', text);
    }),
  );
});
