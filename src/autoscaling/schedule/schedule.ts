/**
 * Schedules of scheduled actions, pure: `at(2027-01-31T08:00:00)` once, `rate(5 minutes)` from a start on, `cron(0 8 ? * MON-FRI *)`. The
 * first and the last are in local time of a zone.
 */
import { type Cron, daysIn, parseCron, yearMax } from './cron.ts';
import { instantOf, type LocalTime, localTime } from './zone.ts';

export type Schedule =
  | { readonly kind: 'at'; readonly local: LocalTime }
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron };

/** Hours by which clocks are put back at most, and one more. */
const clockShiftHoursMax = 3;

const unitsMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Undefined where it is none. */
export function parseSchedule(text: string): Schedule | undefined {
  const [, kind, inner = ''] = /^(at|rate|cron)\(([^()]*)\)$/.exec(text.trim()) ?? [];
  switch (kind) {
    case 'at': {
      const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/.exec(inner.trim());
      if (parts === null) return undefined;
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
        .slice(1)
        .map((part) => Number(part ?? 0));
      const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
      if (!isDay || hour > 23 || minute > 59 || second > 59) return undefined;
      return { kind: 'at', local: { year, month, day, hour, minute, second } };
    }
    case 'rate': {
      const parts = /^(\d{1,9}) +(minute|hour|day)(s?)$/.exec(inner.trim());
      const value = Number(parts?.[1] ?? 0);
      const unitMs = unitsMs[parts?.[2] ?? ''];
      // One minute, two minutes.
      if (value < 1 || unitMs === undefined || (value === 1) === (parts?.[3] === 's')) return undefined;
      return { kind: 'rate', everyMs: value * unitMs };
    }
    case 'cron': {
      const cron = parseCron(inner);
      return cron && { kind: 'cron', cron };
    }
    case undefined:
    default:
      return undefined;
  }
}

export interface Occasion {
  readonly zone: string;
  /** Epoch milliseconds from which rates are counted. */
  readonly startMs: number;
}

/** The first time after `afterMs`: epoch milliseconds; undefined: never again. */
export function nextRun(
  schedule: Schedule,
  afterMs: number,
  { zone, startMs }: Occasion,
): number | undefined {
  switch (schedule.kind) {
    case 'at': {
      const instant = instantOf(schedule.local, zone);
      return instant !== undefined && instant > afterMs ? instant : undefined;
    }
    case 'rate': {
      const { everyMs } = schedule;
      const passed = Math.floor((afterMs - startMs) / everyMs);
      return startMs + Math.max(1, passed + 1) * everyMs;
    }
    case 'cron':
      return nextOfCron(schedule.cron, afterMs, zone);
    default:
      return schedule satisfies never;
  }
}

function nextOfCron(cron: Cron, afterMs: number, zone: string): number | undefined {
  const from = localTime(afterMs, zone);
  for (let { year } = from; year <= yearMax; year += 1) {
    if (!cron.isYear(year)) continue;
    for (let month = year === from.year ? from.month : 1; month <= 12; month += 1) {
      if (!cron.months.has(month)) continue;
      const isFirst = year === from.year && month === from.month;
      for (let day = isFirst ? from.day : 1; day <= daysIn(year, month); day += 1) {
        if (!cron.isDay(year, month, day)) continue;
        const found = nextOfDay(cron, { year, month, day }, afterMs, zone);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

/** Where the clocks go back local times do not come in their order: the earliest instant counts. */
function nextOfDay(
  { hours, minutes }: Cron,
  date: Pick<LocalTime, 'year' | 'month' | 'day'>,
  afterMs: number,
  zone: string,
): number | undefined {
  const past = localTime(afterMs, zone);
  const isSameDay = past.year === date.year && past.month === date.month && past.day === date.day;
  // No clock is put back by more: what lies before need not be looked at.
  const hourMin = isSameDay ? past.hour - clockShiftHoursMax : 0;
  for (const hour of hours) {
    if (hour < hourMin) continue;
    for (const minute of minutes) {
      const instant = instantOf({ ...date, hour, minute, second: 0 }, zone);
      if (instant !== undefined && instant > afterMs) return instant;
    }
  }
  return undefined;
}
