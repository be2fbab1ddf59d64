/** Keys sort as their records should be listed, and can be taken apart again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  aliasKey,
  eventInvokeKey,
  functionKey,
  functionUrlIdKey,
  functionUrlKey,
  isVersionNumber,
  latestVersion,
  parseKey,
  versionKey,
} from './keys.ts';

const name = fc.record({
  accountId: fc.constant('000000000000'),
  region: fc.constant('us-east-1'),
  functionName: fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/),
});
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(String);

test('a key tells what it is the key of', () => {
  fc.assert(
    fc.property(name, number, fc.stringMatching(/^[a-zA-Z0-9_-]{1,128}$/), (name, version, alias) => {
      assert.deepEqual(parseKey(functionKey(name)), { kind: 'function', ...name });
      assert.deepEqual(parseKey(versionKey(name, version)), { kind: 'version', ...name, version });
      assert.deepEqual(parseKey(versionKey(name, latestVersion)), {
        kind: 'version',
        ...name,
        version: latestVersion,
      });
      assert.deepEqual(parseKey(aliasKey(name, alias)), { kind: 'alias', ...name, alias });
    }),
  );
});

test('versions of a function sort by number', () => {
  fc.assert(
    fc.property(name, fc.array(number), (name, versions) => {
      const sorted = versions.map((version) => versionKey(name, version)).toSorted();
      const numbers = sorted.map((key) => {
        const parsed = parseKey(key);
        return parsed?.kind === 'version' ? Number(parsed.version) : NaN;
      });
      assert.deepEqual(
        numbers,
        versions.map(Number).toSorted((a, b) => a - b),
      );
    }),
  );
});

test('foreign keys are nobody of ours', () => {
  for (const key of [
    '',
    'x',
    'metadata/',
    'metadata/functions/a/b',
    'metadata/functions/a/b/c/d',
    'metadata/versions/a/b/published/x/1',
    'metadata/other/a/b/c',
  ]) {
    assert.equal(parseKey(key), undefined, key);
  }
});

test('URLs and event invoke configurations are told by function and qualifier; ids of URLs the view leaves alone', () => {
  const name = { accountId: '000000000000', region: 'us-east-1', functionName: 'hello' };
  const keys = [
    functionUrlKey(name, '$LATEST'),
    functionUrlKey(name, 'live'),
    functionUrlIdKey(name.region, 'abc'),
    eventInvokeKey(name, '1'),
  ];
  assert.deepEqual(keys, [
    'metadata/urls/000000000000/us-east-1/hello/$LATEST',
    'metadata/urls/000000000000/us-east-1/hello/live',
    'metadata/url-ids/us-east-1/abc',
    'metadata/event-invoke/000000000000/us-east-1/hello/1',
  ]);
  assert.deepEqual(keys.map(parseKey), [
    { kind: 'url', ...name, qualifier: '$LATEST' },
    { kind: 'url', ...name, qualifier: 'live' },
    undefined,
    { kind: 'event-invoke', ...name, qualifier: '1' },
  ]);
});

test('a version number has no sign, no leading zero and an end', () => {
  assert.deepEqual(['1', '12', '0', '01', '-1', '1.0', '', '9'.repeat(17)].filter(isVersionNumber), [
    '1',
    '12',
  ]);
});
