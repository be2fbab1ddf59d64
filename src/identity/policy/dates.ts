/** Dates of condition values: ISO 8601 as IAM takes it, or seconds since 1970. A date without a zone is in UTC. */

/** Longer than any date; keeps the patterns from reading far. */
const charactersMax = 48;
const iso =
  /^(\d{4})-(\d{2})(?:-(\d{2}))?(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** Milliseconds since 1970, or undefined for what is no date. */
export function parseDateMs(text: string): number | undefined {
  if (text.length > charactersMax) return undefined;
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [
    ,
    year = '',
    month = '',
    day = '01',
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '0',
    zone = 'Z',
  ] = parts;
  const inRange =
    within(month, 1, 12) &&
    within(day, 1, 31) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59);
  const offsetMs = zoneOffsetMs(zone);
  if (!inRange || offsetMs === undefined) return undefined;
  const at = new Date(0);
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day)); // Date.UTC would take the years 0 to 99 for 1900 to 1999
  at.setUTCHours(Number(hour), Number(minute), Number(second), Math.floor(Number(`0.${fraction}`) * 1000));
  return at.getTime() - offsetMs;
}

function zoneOffsetMs(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const hours = digits.slice(0, 2);
  const minutes = digits.slice(2);
  if (!within(hours, 0, 23) || !within(minutes, 0, 59)) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function within(digits: string, min: number, max: number): boolean {
  const value = Number(digits);
  return value >= min && value <= max;
}
