/** Tests of wildcards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { matches, type Reach } from './wildcard.ts';

/** Says the same by trying everything. For small texts. */
function oracle(pattern: string, text: string, reach: Reach): boolean {
  const [first] = pattern;
  if (first === undefined) return text === '';
  const rest = pattern.slice(1);
  if (first === '*') {
    if (oracle(rest, text, reach)) return true;
    const endsSegment = rest === '' || rest.startsWith(':');
    const stops = reach === 'segments' && !endsSegment && text.startsWith(':');
    return text !== '' && !stops && oracle(pattern, text.slice(1), reach);
  }
  if (text === '') return false;
  if (first === '?')
    return !(reach === 'segments' && text.startsWith(':')) && oracle(rest, text.slice(1), reach);
  return text.startsWith(first) && oracle(rest, text.slice(1), reach);
}

const letters = (alphabet: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...alphabet), { maxLength }).map((list) => list.join(''));

test('wildcards match what trying everything matches', () => {
  fc.assert(
    fc.property(
      letters(['a', 'b', ':', '*', '?'], 8),
      letters(['a', 'b', ':'], 9),
      fc.constantFrom<Reach>('everything', 'segments'),
      (pattern, text, reach) => {
        assert.equal(
          matches(pattern, text, reach),
          oracle(pattern, text, reach),
          `${reach} ${pattern} ${text}`,
        );
      },
    ),
    { numRuns: 5000 },
  );
});

test('in the Resource element a star crosses colons only at the end of a segment', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['arn:aws:lambda:us-east-1:0:function:hello*', 'arn:aws:lambda:us-east-1:0:function:hello:1', true],
    ['arn:aws:lambda:us-east-1:0:function:*', 'arn:aws:lambda:us-east-1:0:function:hello:prod', true],
    ['arn:aws:lambda:*:0:function:x', 'arn:aws:lambda:us-east-1:0:function:x', true],
    ['arn:aws:lambda:us-*1:0:function:x', 'arn:aws:lambda:us-east-1:0:function:x', true],
    ['arn:aws:lambda:us-*n:x', 'arn:aws:lambda:us-east-1:0:function:x', false],
    ['arn:aws:lambda:us-east-1:0:function:h*o', 'arn:aws:lambda:us-east-1:0:function:hello', true],
    ['arn:aws:lambda:us-east-1:0:function:h*1', 'arn:aws:lambda:us-east-1:0:function:hello:1', false],
    ['arn:aws:lambda:us-east-1?0:function:x', 'arn:aws:lambda:us-east-1:0:function:x', false],
    ['arn:aws:s3:::b/*/test/*', 'arn:aws:s3:::b/1/2/test/3.jpg', true],
    ['arn:aws:s3:::b/*/test/*', 'arn:aws:s3:::b/1-test/3.jpg', false],
  ];
  for (const [pattern, arn, expected] of cases)
    assert.equal(matches(pattern, arn, 'segments'), expected, pattern);
});

test('"?" stands for one character, also where it takes two UTF-16 units', () => {
  assert.ok(matches('a?c', 'a😀c'));
  assert.ok(!matches('a??c', 'a😀c'));
});

test('catastrophic patterns take no more than pieces times text', () => {
  const text = 'a'.repeat(2000);
  assert.ok(!matches(`${'*a'.repeat(500)}b`, text));
  assert.ok(matches(`${'*a'.repeat(500)}*`, text));
  assert.ok(!matches(`${'*?'.repeat(500)}b`, text, 'segments'));
  assert.ok(matches('*'.repeat(6000), text));
  assert.ok(!matches('a*'.repeat(3000), text));
});
