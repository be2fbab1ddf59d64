/** How clients may write the name of a function. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { functionArn, parseFunctionName } from './arn.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const names = fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/);
const qualifiers = fc.option(
  fc.oneof(
    fc.constant('$LATEST'),
    fc.stringMatching(/^[1-9][0-9]{0,3}$/),
    fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
  ),
  { nil: undefined },
);

test('every form of a name means the same function', () => {
  fc.assert(
    fc.property(names, qualifiers, (functionName, qualifier) => {
      const end = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
      const forms = [
        functionArn({ ...place, functionName }, qualifier),
        `000000000000:function:${end}`,
        `us-east-1:000000000000:function:${end}`,
        `function:${end}`,
      ];
      for (const form of forms) {
        assert.deepEqual(parseFunctionName(form, undefined, place), {
          kind: 'function',
          functionName,
          qualifier,
        });
        assert.deepEqual(parseFunctionName(form, qualifier, place), {
          kind: 'function',
          functionName,
          qualifier,
        });
      }
      assert.deepEqual(parseFunctionName(functionName, qualifier, place), {
        kind: 'function',
        functionName,
        qualifier,
      });
    }),
  );
});

test('a short name may carry its qualifier', () => {
  assert.deepEqual(parseFunctionName('hello:prod', undefined, place), {
    kind: 'function',
    functionName: 'hello',
    qualifier: 'prod',
  });
});

test('a qualifier given twice must be the same', () => {
  assert.equal(parseFunctionName('hello:1', '1', place).kind, 'function');
  assert.deepEqual(parseFunctionName('hello:1', '2', place), {
    kind: 'invalid',
    message: 'The derived qualifier from the function name does not match the specified qualifier.',
  });
});

test('another account or region is told apart', () => {
  assert.deepEqual(parseFunctionName('123456789012:function:hello:1', undefined, place), {
    kind: 'foreign-account',
    arn: 'arn:aws:lambda:us-east-1:123456789012:function:hello:1',
  });
  assert.deepEqual(parseFunctionName('arn:aws:lambda:eu-west-1:000000000000:function:x', undefined, place), {
    kind: 'foreign-region',
    message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
  });
});

test('whatever is no name is invalid, and no text makes the parser fail', () => {
  for (const text of [
    '',
    'a/b',
    'a b',
    '../x',
    'a:b:c',
    ':x',
    'x:',
    'arn:aws:sqs:us-east-1:000000000000:x',
    'é',
    'x'.repeat(300),
  ]) {
    assert.equal(parseFunctionName(text, undefined, place).kind, 'invalid', text);
  }
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (value, qualifier) => {
      const reference = parseFunctionName(value, qualifier, place);
      if (reference.kind === 'function') assert.match(reference.functionName, /^[a-zA-Z0-9_.-]+$/);
    }),
  );
});
