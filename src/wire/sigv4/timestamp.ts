/** The time in a signature: ISO 8601 basic format to the second, `20260131T235959Z`. */

const pattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The one that was read last: it has the second of now, as those of all clients have. */
let latest: { readonly text: string; readonly ms: number | undefined } = { text: '', ms: undefined };

/** Epoch milliseconds, or undefined where the text is no such time (also for a 31st of February). */
export function parseTimestamp(text: string): number | undefined {
  if (text !== latest.text) latest = { text, ms: parsed(text) };
  return latest.ms;
}

function parsed(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A day or month too many would have moved the date on; years before 100 are taken for others.
  const same =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same ? date.getTime() : undefined;
}

export function formatTimestamp(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '';
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** The form that a `Date` header is signed in: as it is where it is basic ISO 8601 already, else converted from an HTTP date. */
export function timestampOfDateHeader(value: string): string | undefined {
  if (pattern.test(value)) return value;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : formatTimestamp(ms);
}
