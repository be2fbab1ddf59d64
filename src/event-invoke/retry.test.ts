/** What becomes of an event after an attempt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { someEvent } from './fixtures/event.ts';
import { type Attempt, isTooOld, judge, type RetryPolicy, type Verdict } from './retry.ts';

const start = someEvent().acceptedAtMs;
const minute = 60_000;
const ran = { executedVersion: '$LATEST', payload: Buffer.from('null'), traceId: '' };
const failed: Attempt = { kind: 'failed', functionError: 'Unhandled', ...ran };
const throttled: Attempt = { kind: 'refused', statusCode: 429, message: 'Rate Exceeded.' };

/** All that becomes of an event whose attempts come to `attempts` in turn (the last one again and again), each at once when it may be. */
function fate(attempts: readonly Attempt[], policy: RetryPolicy): { waitsMs: number[]; end: Verdict } {
  let event = someEvent();
  let nowMs = start;
  const waitsMs: number[] = [];
  for (let index = 0; ; index += 1) {
    const verdict = judge(event, attempts[Math.min(index, attempts.length - 1)] ?? failed, policy, nowMs);
    if (verdict.kind !== 'again') return { waitsMs, end: verdict };
    assert.ok(waitsMs.length < 1_000, 'it comes to an end');
    waitsMs.push(verdict.delayMs);
    nowMs += verdict.delayMs;
    const { invokes, refusals } = verdict;
    event = someEvent({ invokes, refusals });
  }
}

test('a function that fails is tried again after one minute, then after two', () => {
  assert.deepEqual(fate([failed], {}), {
    waitsMs: [minute, 2 * minute],
    end: { kind: 'settled', condition: 'RetriesExhausted' },
  });
  assert.deepEqual(fate([failed], { retriesMax: 1 }).waitsMs, [minute]);
  assert.deepEqual(fate([failed], { retriesMax: 0 }).waitsMs, []);
});

test('a success settles, whenever it comes', () => {
  assert.deepEqual(fate([failed, { kind: 'succeeded', ...ran }], {}), {
    waitsMs: [minute],
    end: { kind: 'settled', condition: 'Success' },
  });
});

test('throttles wait from 1 second to 5 minutes, until the event is too old', () => {
  const { waitsMs, end } = fate([throttled], {});
  assert.deepEqual(
    waitsMs.slice(0, 11),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000),
  );
  assert.equal(
    waitsMs.reduce((sum, ms) => sum + ms),
    6 * 60 * minute,
  );
  assert.deepEqual(end, { kind: 'settled', condition: 'EventAgeExceeded' });
});

test('throttles are not counted as attempts', () => {
  const { waitsMs } = fate([throttled, throttled, failed, throttled, failed, failed], {});
  assert.deepEqual(waitsMs, [1_000, 2_000, minute, 1_000, 2 * minute]);
});

test('an event is not put back for a time at which it would be too old', () => {
  assert.deepEqual(fate([failed], { eventAgeSecondsMax: 60 }), {
    waitsMs: [],
    end: { kind: 'settled', condition: 'EventAgeExceeded' },
  });
  assert.deepEqual(fate([failed], { eventAgeSecondsMax: 120 }).waitsMs, [minute]);
});

test('what is gone is dropped, and a loop is settled at once', () => {
  assert.deepEqual(fate([{ kind: 'gone' }], {}).end, { kind: 'dropped' });
  const loop: Attempt = { kind: 'rejected', statusCode: 400, message: 'loop' };
  assert.deepEqual(fate([loop], {}).end, { kind: 'settled', condition: 'RetriesExhausted' });
});

test('a clock that was set back makes no event older, and one set forward only ends it', () => {
  assert.equal(isTooOld(someEvent(), { eventAgeSecondsMax: 60 }, start - 1e9), false);
  assert.equal(isTooOld(someEvent(), { eventAgeSecondsMax: 60 }, start + minute), true);
  const verdict = judge(someEvent(), throttled, {}, start - 1e12);
  assert.deepEqual(verdict, { kind: 'again', delayMs: 1_000, invokes: 0, refusals: 1 });
});

test('whatever happens, an event runs at most 1 + retries times and ends by its age', () => {
  const attempts = fc.array(fc.constantFrom(failed, throttled), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      attempts,
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 60, max: 21_600 }),
      (script, retriesMax, eventAgeSecondsMax) => {
        const { waitsMs, end } = fate(script, { retriesMax, eventAgeSecondsMax });
        assert.notEqual(end.kind, 'again');
        assert.ok(waitsMs.reduce((sum, ms) => sum + ms, 0) <= eventAgeSecondsMax * 1_000);
        const made = Array.from(
          { length: waitsMs.length + 1 },
          (_, index) => script[Math.min(index, script.length - 1)],
        );
        assert.ok(made.filter((attempt) => attempt === failed).length <= 1 + retriesMax);
      },
    ),
  );
});
