/** The one header of an answer that no operation's shape has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations } from '../operations/table.ts';
import { traceMember } from '../service.ts';
import { encodeOutput } from './encode.ts';

test('the trace of what was run is a header of the answer, and only where there is one', () => {
  const invoke = operations.get('Invoke');
  assert.ok(invoke);
  const output = { StatusCode: 200, Payload: new Uint8Array([123, 125]) };
  const { headers, body } = encodeOutput(invoke, { ...output, [traceMember]: 'Root=1' }, 'r');
  assert.equal(headers['X-Amzn-Trace-Id'], 'Root=1');
  assert.equal(headers['x-amzn-Remapped-Content-Length'], '0');
  assert.equal(body?.length, 2);
  const without = encodeOutput(invoke, { ...output, [traceMember]: undefined }, 'r');
  assert.equal(Object.hasOwn(without.headers, 'X-Amzn-Trace-Id'), false);
});
