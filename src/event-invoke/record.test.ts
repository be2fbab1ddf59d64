/** Invocation records and dead letters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settledEvent } from './fixtures/event.ts';
import { deadLetterAttributes, errorMessageIn, invocationRecord } from './record.ts';

const region = 'us-east-1';
const at = Date.parse('2026-01-02T03:04:05.678Z');
const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

test('the record of an event that failed has the form that AWS documents', () => {
  const event = settledEvent(
    {
      condition: 'RetriesExhausted',
      response: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    },
    { invokes: 3, payload: Buffer.from('{"ids":["a"]}'), answer: Buffer.from('{"errorMessage":"no"}') },
  );
  assert.deepEqual(parse(invocationRecord(event, region, at)), {
    version: '1.0',
    timestamp: '2026-01-02T03:04:05.678Z',
    requestContext: {
      requestId: event.requestId,
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST',
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    requestPayload: { ids: ['a'] },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorMessage: 'no' },
  });
});

test('an event that never ran has no response, and names its alias', () => {
  const event = settledEvent(
    { condition: 'EventAgeExceeded' },
    { qualifier: 'live', payload: new Uint8Array(0) },
  );
  const record = parse(invocationRecord(event, region, at)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(record), ['version', 'timestamp', 'requestContext', 'requestPayload']);
  assert.deepEqual(record['requestPayload'], {});
  assert.match(JSON.stringify(record['requestContext']), /function:hello:live"/);
});

test('an answer that is no JSON stands in the record as a text', () => {
  const response = { statusCode: 200, executedVersion: '1' };
  for (const [answer, expected] of [
    ['not json', 'not json'],
    ['', null],
    ['"text"', 'text'],
  ] as const) {
    const event = settledEvent({ response }, { answer: Buffer.from(answer) });
    const record = parse(invocationRecord(event, region, at)) as Record<string, unknown>;
    assert.equal(record['responsePayload'], expected);
  }
});

test('a dead letter says which request failed and how', () => {
  const response = { statusCode: 200, executedVersion: '1', functionError: 'Unhandled' };
  assert.deepEqual(deadLetterAttributes(settledEvent({ response, errorMessage: 'no' })), {
    RequestID: '11111111-1111-4111-8111-111111111111',
    ErrorCode: '200',
    ErrorMessage: 'no',
  });
  const throttled = settledEvent(
    { condition: 'EventAgeExceeded', errorMessage: 'Rate Exceeded.' },
    { refusal: { statusCode: 429, message: 'Rate Exceeded.' } },
  );
  assert.equal(deadLetterAttributes(throttled).ErrorCode, '429');
});

test('the message of an error is cut at 1 KB, between characters, and is never empty', () => {
  const long = deadLetterAttributes(settledEvent({ errorMessage: 'é'.repeat(2_000) })).ErrorMessage;
  assert.equal(long, 'é'.repeat(512));
  const odd = deadLetterAttributes(settledEvent({ errorMessage: `a${'é'.repeat(2_000)}` })).ErrorMessage;
  assert.equal(odd, `a${'é'.repeat(511)}`);
  assert.equal(deadLetterAttributes(settledEvent({ errorMessage: '' })).ErrorMessage, 'RetriesExhausted');
  assert.equal(deadLetterAttributes(settledEvent({ errorMessage: 'a\u0000\u001bb' })).ErrorMessage, 'a  b');
});

test('the message of an error is read from what a function answered, whatever that is', () => {
  assert.equal(errorMessageIn(Buffer.from('{"errorMessage":"no"}')), 'no');
  assert.equal(errorMessageIn(Buffer.from('{"errorMessage":1}')), '{"errorMessage":1}');
  assert.equal(errorMessageIn(Buffer.from('null')), 'null');
  assert.equal(errorMessageIn(Buffer.from('<html>')), '<html>');
});
