/** Spans: where periods begin, and how many there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, minuteMs } from '../limits.ts';
import { periodsOf, spanOf } from './periods.ts';

const nowMs = 20_000 * dayMs;

test('a start is rounded down to its minute, its five minutes or its hour, by its age', () => {
  const offsetMs = 44 * minuteMs + 30_000;
  for (const [days, minute] of [
    [1, 44],
    [14, 44],
    [16, 40],
    [62, 40],
    [64, 0],
  ] as const) {
    const startMs = nowMs - days * dayMs + offsetMs;
    const { from } = spanOf(startMs, nowMs, 60, nowMs);
    assert.equal(from - (nowMs - days * dayMs) / minuteMs, minute, `${days} days`);
  }
});

const span = (minutes: number, period: number) => spanOf(nowMs, nowMs + minutes * minuteMs, period, nowMs);

test('periods cover the span, the last of them perhaps in part', () => {
  assert.equal(periodsOf(span(10, 60)), 10);
  assert.equal(periodsOf(span(10, 240)), 3);
  assert.equal(periodsOf(span(10, 86_400)), 1);
  assert.equal(periodsOf(span(10, 5)), 10);
  assert.equal(periodsOf({ from: 5, to: 5, periodMinutes: 1 }), 0);
});
