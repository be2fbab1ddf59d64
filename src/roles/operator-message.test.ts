/** What of the errors of a start is for the operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/assert';
import { OperatorError } from '#lib/operator-error';
import { StoreUnavailableError } from '#platform';
import { ContainersMissingError } from '#worker';
import { operatorMessage } from './operator-message.ts';

const told = (error: unknown): readonly unknown[] => {
  const { message, exitCode } = operatorMessage(error, '/data') ?? {};
  return [message, exitCode];
};

test('an error for the operator is told word for word, with the exit code that it names', () => {
  assert.deepEqual(told(new OperatorError('mend this')), ['mend this', 1]);
  assert.deepEqual(told(new OperatorError('not so', 2)), ['not so', 2]);
});

test('what the system or the store refuses names the data directory', () => {
  assert.deepEqual(told(Object.assign(new Error('EACCES: no'), { code: 'EACCES' })), [
    'the data directory /data cannot be used: EACCES: no',
    1,
  ]);
  assert.match(String(told(new StoreUnavailableError('full'))[0]), /^the data directory \/data .*: full$/);
});

test('containers that do not work here name what else there is', () => {
  assert.match(
    String(told(new ContainersMissingError('runc fails'))[0]),
    /^there is no container isolation here: runc fails\. .*--isolation process/,
  );
});

test('everything else is a bug of ours, whatever its message says', () => {
  for (const error of [
    new Error('the file holds no root key, and can be read by others'),
    new InvariantError('no'),
    Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' }),
    'text',
    undefined,
  ]) {
    assert.equal(operatorMessage(error, '/data'), undefined);
  }
});
