/** When scheduled actions run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nextRun, parseSchedule } from './schedule.ts';
import { isZone, localTime } from './zone.ts';

function runs(text: string, after: string, count = 1, zone = 'UTC', start = after): readonly string[] {
  const schedule = parseSchedule(text);
  assert.ok(schedule, text);
  const found: string[] = [];
  let afterMs = Date.parse(after);
  while (found.length < count) {
    const next = nextRun(schedule, afterMs, { zone, startMs: Date.parse(start) });
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(':00.000Z', 'Z'));
    afterMs = next;
  }
  return found;
}

test('at runs once, in its zone', () => {
  assert.deepEqual(runs('at(2026-03-01T08:30:00)', '2026-01-01T00:00:00Z', 3), ['2026-03-01T08:30Z']);
  assert.deepEqual(runs('at(2026-03-01T08:30:00)', '2026-01-01T00:00:00Z', 1, 'Asia/Kolkata'), [
    '2026-03-01T03:00Z',
  ]);
  assert.deepEqual(runs('at(2026-03-01T08:30:00)', '2026-03-01T08:30:00Z'), []);
});

test('a rate counts from its start, whatever the time between', () => {
  const start = '2026-01-01T00:00:00Z';
  assert.deepEqual(runs('rate(5 minutes)', start, 2), ['2026-01-01T00:05Z', '2026-01-01T00:10Z']);
  assert.deepEqual(runs('rate(1 hour)', '2026-01-01T07:59:59Z', 1, 'UTC', start), ['2026-01-01T08:00Z']);
  assert.deepEqual(runs('rate(2 days)', '2025-12-31T00:00:00Z', 1, 'UTC', start), ['2026-01-03T00:00Z']);
});

const from = '2026-01-01T00:00:00Z'; // a Thursday
for (const [expression, ...expected] of [
  ['cron(0 8 ? * MON-FRI *)', '2026-01-01T08:00Z', '2026-01-02T08:00Z', '2026-01-05T08:00Z'],
  ['cron(15,45 10 * * ? *)', '2026-01-01T10:15Z', '2026-01-01T10:45Z', '2026-01-02T10:15Z'],
  ['cron(0/20 * * * ? *)', '2026-01-01T00:20Z', '2026-01-01T00:40Z', '2026-01-01T01:00Z'],
  ['cron(0 0 L * ? *)', '2026-01-31T00:00Z', '2026-02-28T00:00Z', '2026-03-31T00:00Z'],
  ['cron(0 0 31W * ? *)', '2026-01-30T00:00Z', '2026-03-31T00:00Z', '2026-05-29T00:00Z'],
  ['cron(0 0 1W AUG ? *)', '2026-08-03T00:00Z', '2027-08-02T00:00Z'],
  ['cron(0 0 ? * 6L *)', '2026-01-30T00:00Z', '2026-02-27T00:00Z'],
  ['cron(0 0 ? * TUE#2 *)', '2026-01-13T00:00Z', '2026-02-10T00:00Z'],
  [
    'cron(0 0 ? * FRI-SUN *)',
    '2026-01-02T00:00Z',
    '2026-01-03T00:00Z',
    '2026-01-04T00:00Z',
    '2026-01-09T00:00Z',
  ],
  ['cron(0 0 29 2 ? *)', '2028-02-29T00:00Z', '2032-02-29T00:00Z'],
  ['cron(0 12 1 1 ? 2026-2027)', '2026-01-01T12:00Z', '2027-01-01T12:00Z'],
] as const) {
  test(`${expression} runs when it says`, () => {
    assert.deepEqual(runs(expression, from, expected.length), expected);
  });
}

test('cron goes by local time, also when the clocks change', () => {
  assert.deepEqual(runs('cron(30 2 * * ? *)', '2026-03-27T12:00:00Z', 3, 'Europe/Berlin'), [
    '2026-03-28T01:30Z',
    '2026-03-30T00:30Z', // on the 29th there is no 02:30
    '2026-03-31T00:30Z',
  ]);
  assert.deepEqual(runs('cron(30 2 * * ? *)', '2026-10-24T12:00:00Z', 2, 'Europe/Berlin'), [
    '2026-10-25T00:30Z', // the first of two
    '2026-10-26T01:30Z',
  ]);
  assert.deepEqual(runs('cron(0 9 ? * MON *)', from, 1, 'America/New_York'), ['2026-01-05T14:00Z']);
});

for (const wrong of [
  '',
  'cron(0 8 * * * *)',
  'cron(0 8 ? * ? *)',
  'cron(60 8 * * ? *)',
  'cron(0 8 * * ?)',
  'cron(0 8 32 * ? *)',
  'cron(0/0 8 * * ? *)',
  'cron(0 8 ? * MON#6 *)',
  'cron(a 8 * * ? *)',
  'cron(1--2 8 * * ? *)',
  'rate(1 minutes)',
  'rate(5 minute)',
  'rate(0 minutes)',
  'rate(-1 hours)',
  'at(2026-02-30T00:00:00)',
  'at(2026-01-01)',
  'every(5 minutes)',
]) {
  test(`"${wrong}" is no schedule`, () => assert.equal(parseSchedule(wrong), undefined));
}

test('any text is a schedule or none, and what it gives lies ahead and fits', () => {
  const field = fc.constantFrom(
    '*',
    '0',
    '5',
    '1-3',
    '*/7',
    '2,4',
    'L',
    '?',
    'MON',
    'JAN',
    '15W',
    '3#2',
    'x',
    '',
  );
  fc.assert(
    fc.property(fc.array(field, { minLength: 6, maxLength: 6 }), fc.nat(4_000_000_000), (fields, seconds) => {
      const schedule = parseSchedule(`cron(${fields.join(' ')})`);
      if (schedule?.kind !== 'cron') return;
      const afterMs = seconds * 1_000;
      const next = nextRun(schedule, afterMs, { zone: 'Europe/Berlin', startMs: 0 });
      if (next === undefined) return;
      assert.ok(next > afterMs);
      const { minute, hour, month, year, day } = localTime(next, 'Europe/Berlin');
      const { cron } = schedule;
      assert.ok(cron.minutes.includes(minute) && cron.hours.includes(hour) && cron.months.has(month));
      assert.ok(cron.isDay(year, month, day));
    }),
    { numRuns: 300 },
  );
  fc.assert(fc.property(fc.string(), (text) => void parseSchedule(text)));
});

test('zones are those that exist', () => {
  assert.ok(isZone('Pacific/Auckland') && isZone('Etc/GMT+9'));
  assert.ok(!isZone('Mars/Olympus') && !isZone(''));
});
