/** The search for circles finds those that there are, and only these. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circlesIn } from './circles.ts';

const found = (imports: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  circlesIn(new Map(Object.entries(imports))).map((circle) => circle.join(' '));

test('a circle is found, wherever the walk begins and however long it is', () => {
  assert.deepEqual(found({ a: ['b'], b: ['a'] }), ['a b a']);
  assert.deepEqual(found({ start: ['a'], a: ['leaf', 'b'], b: ['c'], c: ['a'], leaf: [] }), ['a b c a']);
  assert.deepEqual(found({ leaf: [], a: ['a'] }), ['a a']);
  assert.deepEqual(found({ a: ['b', 'c'], b: ['a'], c: ['a'] }), ['a b a', 'a c a']);
  assert.deepEqual(found({ a: ['b'], b: ['c'], c: ['d'], d: ['c', 'b'] }), ['c d c', 'b c d b']);
});

test('ways that meet again are no circle', () => {
  assert.deepEqual(found({ a: ['b', 'c'], b: ['d'], c: ['d'], d: ['elsewhere'] }), []);
});
