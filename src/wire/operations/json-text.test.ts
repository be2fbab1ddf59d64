/** Bodies from outside: what is JSON is parsed as JSON.parse does, what is not is refused, and nothing is too much. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import { jsonDepthMax, jsonTokensMax, parseJson } from './json-text.ts';

const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
const list = (commas: number) => Buffer.from(`[${'0,'.repeat(commas)}0]`);
const refusal = (error: unknown) =>
  error instanceof WireError && error.errorName === 'SerializationException';

suite('JSON bodies', () => {
  test('whatever JSON.stringify writes is read back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        assert.deepEqual(parseJson(Buffer.from(text)), JSON.parse(text));
      }),
    );
  });

  test('random bytes are read as JSON.parse reads them, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseJson(bytes);
        } catch (error) {
          assert.ok(refusal(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('an empty body is no value', () => assert.equal(parseJson(new Uint8Array()), undefined));

  test('a byte order mark is dropped', () => {
    assert.deepEqual(parseJson(Buffer.from('\uFEFF{"a":1}')), { a: 1 });
  });

  test('of duplicate keys the last counts', () =>
    assert.deepEqual(parseJson(Buffer.from('{"a":1,"a":2}')), { a: 2 }));

  for (const [what, body] of [
    ['cut off', '{"a":'],
    ['followed by more', '{} {}'],
    ['a comment', '{/**/}'],
    ['an unclosed string', '"abc'],
    ['a string that ends in a backslash', '"abc\\'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => parseJson(Buffer.from(body)), refusal));
  }

  test('the refusal does not quote the body', () => {
    assert.throws(
      () => parseJson(Buffer.from('{"Password": "hunter2" oops')),
      (error) => error instanceof WireError && !/hunter2|oops/.test(error.message),
    );
  });

  test('nesting is bounded', () => {
    assert.ok(Array.isArray(parseJson(nested(jsonDepthMax))));
    assert.throws(() => parseJson(nested(jsonDepthMax + 1)), refusal);
  });

  test('the number of values is bounded', () => {
    assert.equal((parseJson(list(jsonTokensMax - 1)) as unknown[]).length, jsonTokensMax);
    assert.throws(() => parseJson(list(jsonTokensMax)), refusal);
    assert.throws(() => parseJson(Buffer.alloc(1_000_000, '{"a":')), refusal);
  });

  test('brackets and commas within strings do not count', () => {
    const text = '[{,:'.repeat(jsonTokensMax);
    for (const escaped of ['', '\\"', '\\\\', '\\\\\\"']) {
      const body = Buffer.from(`{"a":"${text}${escaped}${text}"}`);
      assert.deepEqual(parseJson(body), JSON.parse(body.toString()));
    }
  });
});
