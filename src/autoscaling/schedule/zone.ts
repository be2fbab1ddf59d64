/** Local time of a time zone of the IANA database: pure, by what the runtime knows of zones. */

export interface LocalTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** By name; only zones that exist get an entry, so it is as bounded as they are. */
const formats = new Map<string, Intl.DateTimeFormat>();

export function isZone(name: string): boolean {
  return formatOf(name) !== undefined;
}

export function localTime(epochMs: number, zone: string): LocalTime {
  const parts = formatOf(zone)?.formatToParts(epochMs) ?? [];
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((each) => each.type === type)?.value ?? 0);
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** Epoch milliseconds; of a time that comes twice, the first; undefined for a time that the clocks leave out. */
export function instantOf(local: LocalTime, zone: string): number | undefined {
  const asUtc = utcOf(local);
  const dayMs = 86_400_000;
  // The offsets that are in force around that time.
  const offsets = [asUtc - dayMs, asUtc + dayMs].map((near) => utcOf(localTime(near, zone)) - near);
  const [before, after] = offsets;
  if (before !== undefined && before === after) return asUtc - before;
  const instants = offsets.map((offset) => asUtc - offset);
  const valid = instants.filter((instant) => utcOf(localTime(instant, zone)) === asUtc);
  return valid.length === 0 ? undefined : Math.min(...valid);
}

function utcOf({ year, month, day, hour, minute, second }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // Its own spelling, so that spellings in other cases make no more entries.
    const { timeZone } = format.resolvedOptions();
    formats.set(timeZone, format);
    return format;
  } catch {
    return undefined;
  }
}
