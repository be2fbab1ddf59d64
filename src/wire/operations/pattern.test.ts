/** Every pattern of the table compiles, matches whole values only, and takes time in proportion to its input. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import table from '../generated/lambda.json' with { type: 'json' };
import { matchesPattern, patternLengthMax } from './pattern.ts';

const patterns = [
  ...new Set(Object.values(table.shapes).flatMap((shape) => ('pattern' in shape ? [shape.pattern] : []))),
];

/** Fragments that the patterns repeat or choose between; repeated and then spoiled, they make a matcher turn back. */
const fragments = [
  'a',
  '0',
  '-',
  '_',
  '.',
  ':',
  '/',
  '=',
  ' ',
  'a-',
  'a.',
  'a:',
  '0:',
  'arn:',
  'aws',
  'arn:aws:lambda:',
  '-gov',
  '-iso',
  'us-east-1:',
  '000000000000:',
  'function:',
  '$LATEST',
  '$LATEST:',
  'role/',
  'kafka://',
  'a=',
];
const prefixes = [
  '',
  'arn:aws:lambda:us-east-1:000000000000:function:',
  'arn:aws:s3files:',
  'arn:aws:iam::000000000000:role/',
  'kafka://a',
];
const suffixes = ['\0', '!\n', ' '];

function* attacks(length: number): Generator<string> {
  for (const prefix of prefixes) {
    for (const fragment of fragments) {
      for (const suffix of suffixes) {
        const room = length - prefix.length - suffix.length;
        yield prefix + fragment.repeat(Math.floor(room / fragment.length)) + suffix;
      }
    }
  }
}

/** Nanoseconds that one match takes, and what else the machine does meanwhile. */
function costNs(pattern: string, attack: string): number {
  const start = process.hrtime.bigint();
  matchesPattern(pattern, attack);
  return Number(process.hrtime.bigint() - start);
}

suite('patterns', () => {
  test('there are as many as the model has', () => {
    assert.ok(patterns.length > 50, String(patterns.length));
  });

  test('the whole value must match', () => {
    assert.equal(matchesPattern('[a-z]+', 'abc'), true);
    assert.equal(matchesPattern('[a-z]+', 'abc1'), false);
    assert.equal(matchesPattern('[a-z]+', 'abc\n'), false);
    assert.equal(matchesPattern('a|b', 'ab'), false);
    assert.equal(matchesPattern('([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)', 'Größe 日本'), true);
  });

  test('a value longer than any pattern describes matches none', () => {
    assert.equal(matchesPattern('[\\s\\S]*', 'a'.repeat(patternLengthMax)), true);
    assert.equal(matchesPattern('[\\s\\S]*', 'a'.repeat(patternLengthMax + 1)), false);
  });

  test('four times the input takes nowhere near sixteen times as long', () => {
    for (const pattern of patterns) assert.equal(superlinearAttack(pattern), undefined, pattern);
  });

  test('the measure sees a pattern that is quadratic', () => {
    assert.notEqual(superlinearAttack('[a-z]*[a-z]*[0-9]'), undefined);
  });
});

/** How often a suspicion must be confirmed: a machine that is busy for a while raises it, and no pattern can help that. */
const confirmations = 5;

/** An input on which the pattern's time grows much faster than the input's length. */
function superlinearAttack(pattern: string): string | undefined {
  const short = [...attacks(patternLengthMax / 4)];
  return [...attacks(patternLengthMax)].find((attack, index) => {
    for (let round = 0; round < confirmations; round += 1) {
      if (!growsTooFast(pattern, attack, short[index] ?? '')) return false;
    }
    return true;
  });
}

function growsTooFast(pattern: string, long: string, short: string): boolean {
  const floorNs = 100_000; // below this the clock and the first compilation say more than the pattern
  const longNs = costNs(pattern, long);
  return longNs >= 10 * floorNs && longNs >= 10 * Math.max(costNs(pattern, short), floorNs);
}
