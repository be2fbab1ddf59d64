/** AWS JSON 1.0 of services that spoke the Query protocol before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorName, WireError } from '../error.ts';
import { context } from '../fixtures/context.ts';
import { jsonRpcService } from './service.ts';

function serviceThrowing(error?: Error) {
  return jsonRpcService({
    targetPrefix: 'Some',
    operations: { Act: { type: 'structure', members: { Text: { shape: { type: 'string' } } } } },
    handlers: {
      Act: async ({ Text }) => {
        if (error !== undefined) throw error;
        return { Text, Bytes: Uint8Array.of(1) };
      },
    },
    reportFault: () => {},
    bodyBytesMax: 99,
    queryCompatible: { namespace: 'com.some', modelled: new Set(['QueueDoesNotExist']) },
  });
}

async function act(error?: Error) {
  const service = serviceThrowing(error);
  const routed = service.route({
    method: 'POST',
    rawPath: '/1/q',
    rawQuery: '',
    headers: { 'x-amz-target': 'Some.Act' },
  });
  assert.ok(routed.kind === 'operation');
  assert.equal(routed.bodyBytesMax, 99);
  const { statusCode, headers, body } = await routed.call(Buffer.from('{"Text":"x"}'), context);
  const json = JSON.parse(Buffer.from(body ?? []).toString()) as Record<string, unknown>;
  return { statusCode, type: headers['Content-Type'], code: headers['x-amzn-query-error'], json };
}

test('answers are of version 1.0', async () => {
  assert.deepEqual(await act(), {
    statusCode: 200,
    type: 'application/x-amz-json-1.0',
    code: undefined,
    json: { Text: 'x', Bytes: 'AQ==' },
  });
});

test('an error has its name in the body and its older code in a header, by which SDKs tell it', async () => {
  assert.deepEqual(await act(new WireError('QueueDoesNotExist', 'None.')), {
    statusCode: 400,
    type: 'application/x-amz-json-1.0',
    code: 'AWS.SimpleQueueService.NonExistentQueue;Sender',
    json: { __type: 'com.some#QueueDoesNotExist', message: 'None.' },
  });
  const cases: readonly (readonly [ErrorName, number, string])[] = [
    ['AccessDeniedException', 403, 'AccessDenied;Sender'],
    ['InvalidParameterValueException', 400, 'InvalidParameterValue;Sender'],
    ['ServiceUnavailableException', 503, 'ServiceUnavailable;Receiver'],
  ];
  for (const [name, statusCode, code] of cases) {
    const answer = await act(new WireError(name, 'So.'));
    assert.deepEqual([answer.statusCode, answer.code], [statusCode, code]);
    assert.deepEqual(answer.json, { __type: `com.amazon.coral.service#${name}`, Message: 'So.' });
  }
});

test('a fault of ours says nothing of itself', async () => {
  const { statusCode, code, json } = await act(new Error('secret'));
  assert.deepEqual([statusCode, code], [500, 'InternalFailure;Receiver']);
  assert.doesNotMatch(JSON.stringify(json), /secret/);
});
