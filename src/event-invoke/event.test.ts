/** The form in which events stand in queues. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeEvent, encodeEvent, fitsQueue, functionKeyOf } from './event.ts';
import { settledEvent, someEvent } from './fixtures/event.ts';

test('an event comes out of its queue as it went in', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
      fc.string(),
      fc.nat(),
      (payload, answer, text, invokes) => {
        const event = {
          ...someEvent({ payload, invokes, traceId: text, qualifier: text }),
          ...(answer !== undefined && { answer }),
        };
        const { payload: gotPayload, answer: gotAnswer, ...got } = decodeEvent(encodeEvent(event));
        const { payload: _, answer: __, ...expected } = event as typeof event & { answer?: Uint8Array };
        assert.deepEqual(got, expected);
        assert.deepEqual([...gotPayload], [...payload]);
        assert.deepEqual(gotAnswer && [...gotAnswer], answer && [...answer]);
      },
    ),
  );
});

test('a settled event keeps what its owner is still to be told', () => {
  const event = settledEvent({ destination: 'arn:aws:sqs:us-east-1:000000000000:q', deliveries: 2 });
  assert.deepEqual(decodeEvent(encodeEvent(event)).settlement, event.settlement);
});

test('what is cut, or was written by a later release, is refused', () => {
  const whole = encodeEvent(someEvent());
  assert.throws(() => decodeEvent(whole.subarray(0, whole.length - 1)));
  assert.throws(() => decodeEvent(whole.subarray(0, 3)));
  const later = Buffer.from(whole);
  later[later.indexOf('"v":1') + 4] = 0x32;
  assert.throws(() => decodeEvent(later), /later release/);
});

test('an event whose answer is too large to stand beside it cannot wait for its destination', () => {
  const payload = new Uint8Array(1024 * 1024);
  assert.equal(fitsQueue(someEvent({ payload })), true);
  assert.equal(fitsQueue(someEvent({ payload, answer: payload })), false);
  assert.equal(functionKeyOf(someEvent()), '000000000000/hello');
});
