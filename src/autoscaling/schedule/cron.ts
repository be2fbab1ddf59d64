/**
 * Cron expressions of six fields, as AWS has them: minutes, hours, day of month, month, day of week, year. Pure.
 *
 *     cron(0 8 ? * MON-FRI *)     field: `*`, `?`, a value, a-b, a list, /step; days also `L`, `15W`, `6L`, `2#1`
 *
 * Source: the cron reference of Amazon EventBridge, to which Application Auto Scaling refers.
 */

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether a day is meant; `month` from 1. */
  readonly isDay: (year: number, month: number, day: number) => boolean;
  readonly months: ReadonlySet<number>;
  readonly isYear: (year: number) => boolean;
}

export const yearMin = 1970;
export const yearMax = 2199;

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

type DayRule = (year: number, month: number, day: number) => boolean;

/** Undefined where it is no such expression. `text` is what stands between the brackets. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  // One of the two says nothing, and just one.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const months = valuesOf(month, 1, 12, monthNames);
  const years = valuesOf(year, yearMin, yearMax);
  const isDay = dayOfMonth === '?' ? weekRule(dayOfWeek) : monthRule(dayOfMonth);
  if (!minutes || !hours || !months || !years || !isDay) return undefined;
  const yearSet = new Set(years);
  return { minutes, hours, months: new Set(months), isYear: (each) => yearSet.has(each), isDay };
}

export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** 1 for Sunday to 7 for Saturday. */
function dayOfWeekOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

/** In ascending order, each once; undefined: no such field. */
function valuesOf(
  field: string,
  min: number,
  max: number,
  names: readonly string[] = [],
): readonly number[] | undefined {
  const value = (text: string): number | undefined => {
    const named = names.indexOf(text.toUpperCase());
    if (named >= 0) return named + 1;
    const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  };
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', stepText, ...rest] = part.split('/');
    const step = stepText === undefined ? 1 : Number(/^\d{1,4}$/.test(stepText) ? stepText : 0);
    if (rest.length > 0 || step < 1) return undefined;
    const [first = '', last, ...more] = range.split('-');
    if (more.length > 0) return undefined;
    const from = range === '*' ? min : value(first);
    const upTo = range === '*' || (last === undefined && stepText !== undefined) ? max : value(last ?? first);
    if (from === undefined || upTo === undefined) return undefined;
    // A range may go over the end of the week or year: FRI-MON.
    const length = upTo >= from ? upTo - from : upTo - from + (max - min + 1);
    for (let offset = 0; offset <= length; offset += step)
      values.add(((from - min + offset) % (max - min + 1)) + min);
  }
  return [...values].toSorted((a, b) => a - b);
}

function monthRule(field: string): DayRule | undefined {
  if (field === 'L') return (year, month, day) => day === daysIn(year, month);
  if (field === 'LW') return (year, month, day) => day === weekdayNear(year, month, daysIn(year, month));
  const nearest = /^(\d{1,2})W$/.exec(field);
  if (nearest) {
    const wanted = Number(nearest[1]);
    if (wanted < 1 || wanted > 31) return undefined;
    return (year, month, day) => wanted <= daysIn(year, month) && day === weekdayNear(year, month, wanted);
  }
  const values = valuesOf(field, 1, 31);
  if (values === undefined) return undefined;
  const set = new Set(values);
  return (_year, _month, day) => set.has(day);
}

/** The day from Monday to Friday that is nearest to a day, in its month. */
function weekdayNear(year: number, month: number, day: number): number {
  const weekday = dayOfWeekOf(year, month, day);
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < daysIn(year, month) ? day + 1 : day - 2;
  return day;
}

function weekRule(field: string): DayRule | undefined {
  if (field === 'L') return (year, month, day) => dayOfWeekOf(year, month, day) === 7;
  const special = /^(\w{1,3}?)(?:(L)|#([1-5]))$/.exec(field);
  if (special) {
    const [weekday] = valuesOf(special[1] ?? '', 1, 7, dayNames) ?? [];
    if (weekday === undefined) return undefined;
    return (year, month, day) => {
      if (dayOfWeekOf(year, month, day) !== weekday) return false;
      return special[2] === 'L' ? day + 7 > daysIn(year, month) : Math.ceil(day / 7) === Number(special[3]);
    };
  }
  const values = valuesOf(field, 1, 7, dayNames);
  if (values === undefined) return undefined;
  const set = new Set(values);
  return (year, month, day) => set.has(dayOfWeekOf(year, month, day));
}
