/** Tests of the order of keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareCodePoints, prefixEnd } from '#lib/code-point-order';

const text = fc.string({ unit: 'binary' });

test('strings are ordered as their UTF-8 bytes are', () => {
  assert.ok(compareCodePoints('\u{1F600}', '\uFFFD') > 0);
  fc.assert(
    fc.property(text, text, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      assert.equal(Math.sign(compareCodePoints(left, right)), bytes);
    }),
  );
});

test('the end of a prefix is above everything that starts with it, and above nothing else', () => {
  assert.equal(prefixEnd('a/'), 'a0');
  assert.equal(prefixEnd('a\u{10FFFF}'), 'b');
  assert.equal(prefixEnd('\uD7FF'), '\uE000');
  assert.equal(prefixEnd(''), undefined);
  fc.assert(
    fc.property(text, text, (prefix, other) => {
      const end = prefixEnd(prefix);
      if (end === undefined) return;
      assert.ok(compareCodePoints(prefix + other, end) < 0);
      const inside = compareCodePoints(other, prefix) >= 0 && compareCodePoints(other, end) < 0;
      assert.equal(inside, other.startsWith(prefix));
    }),
  );
});
