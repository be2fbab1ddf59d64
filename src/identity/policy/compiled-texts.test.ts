/** Tests of keeping compiled texts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompiledTexts } from './compiled-texts.ts';
import { documentOf, grant } from './fixtures/policies.ts';
import { compiledTextsCharactersMax, compiledTextsMax, resourcePolicyCharactersMax } from './limits.ts';

const document = documentOf(grant('*'));

test('a text is compiled once, and no other text has its id', () => {
  const texts = new CompiledTexts('resource');
  const first = texts.of(document);
  assert.equal(texts.of(document), first);
  assert.ok(first.isReadable);
  assert.notEqual(texts.of(`${document} `).id, first.id);
});

test('what cannot be read denies everything', () => {
  const { isReadable, policy } = new CompiledTexts('trust').of('');
  assert.ok(!isReadable);
  assert.deepEqual(
    policy.statements.map(({ effect }) => effect),
    ['Deny'],
  );
});

test('number and characters of the texts are bounded: the one used longest ago is compiled anew', () => {
  const many = new CompiledTexts('resource');
  const first = many.of('');
  for (let count = 1; count <= compiledTextsMax; count++) many.of(' '.repeat(count % 300) + String(count));
  assert.notEqual(many.of('').id, first.id);

  const long = new CompiledTexts('resource');
  const used = long.of(document);
  const unused = long.of(`${document} `);
  const padded = document.padEnd(resourcePolicyCharactersMax, ' ');
  for (let count = 0; count <= compiledTextsCharactersMax / padded.length; count++) {
    long.of(padded.slice(String(count).length) + String(count));
    assert.equal(long.of(document), used);
  }
  assert.notEqual(long.of(`${document} `).id, unused.id);
});
