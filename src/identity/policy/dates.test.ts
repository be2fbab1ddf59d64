/** Tests of dates. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDateMs } from './dates.ts';

test('ISO 8601 with and without parts, and seconds since 1970', () => {
  const at = Date.UTC(2026, 6, 1);
  for (const text of [
    '2026-07',
    '2026-07-01',
    '2026-07-01T00:00Z',
    '2026-07-01t00:00:00z',
    '2026-07-01T02:00:00+02:00',
    '2026-06-30T23:30:00.000-00:30',
    '2026-07-01T00:00:00',
    `${at / 1000}`,
  ]) {
    assert.equal(parseDateMs(text), at, text);
  }
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
      (date) => {
        assert.equal(parseDateMs(date.toISOString()), date.getTime());
      },
    ),
  );
});

test('what is no date is none', () => {
  for (const text of [
    '',
    'now',
    '2026-13-01',
    '2026-00-01',
    '2026-01-32',
    '2026-01-01T24:00Z',
    '2026-01-01T00:61Z',
    '2026-1-1',
    '-1',
    '1e9',
    '2026-01-01T00:00:00+25:00',
    '9'.repeat(100),
  ]) {
    assert.equal(parseDateMs(text), undefined, text);
  }
});
