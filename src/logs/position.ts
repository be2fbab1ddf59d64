/**
 * Position: where an event stands, as clients see it: event ids, and tokens that go on from a place. All digits are padded,
 * so that ids of one stream are ordered as its events are.
 */

/** An event is named by its record's sequence in the stream's partition, and its index in the record. */
export interface Position {
  readonly sequence: number;
  readonly index: number;
}

/** The order of events of several streams. */
export interface Key extends Position {
  readonly markMs: number;
  readonly partition: number;
}

export function isBefore(a: Key, b: Key): boolean {
  if (a.markMs !== b.markMs) return a.markMs < b.markMs;
  if (a.partition !== b.partition) return a.partition < b.partition;
  if (a.sequence !== b.sequence) return a.sequence < b.sequence;
  return a.index < b.index;
}

/** 56 digits, like those of CloudWatch Logs. Partitions never use a sequence twice, so it is unique. */
export function eventId(key: Key): string {
  return (
    digits(key.markMs, 16) + digits(key.partition, 10) + digits(key.sequence, 20) + digits(key.index, 10)
  );
}

/** A token of FilterLogEvents: it goes on after `key`. */
export function filterToken(key: Key): string {
  return Buffer.from(`e:${eventId(key)}`).toString('base64url');
}

export function parseFilterToken(token: string): Key | undefined {
  const match = /^e:(\d{16})(\d{10})(\d{20})(\d{10})$/.exec(Buffer.from(token, 'base64url').toString());
  if (match === null) return undefined;
  const [markMs, partition, sequence, index] = match.slice(1).map(Number);
  if (markMs === undefined || partition === undefined || sequence === undefined || index === undefined) {
    return undefined;
  }
  return { markMs, partition, sequence, index };
}

export type Direction = 'forward' | 'backward';

/** A token of GetLogEvents: from `position` on, or before it. */
export function streamToken(direction: Direction, partition: number, at: Position): string {
  return `${direction === 'forward' ? 'f' : 'b'}/${digits(partition, 16)}${digits(at.sequence, 24)}${digits(at.index, 16)}/s`;
}

export function parseStreamToken(
  token: string,
): { readonly direction: Direction; readonly partition: number; readonly at: Position } | undefined {
  const match = /^([fb])\/(\d{16})(\d{24})(\d{16})\/s$/.exec(token);
  if (match === null) return undefined;
  return {
    direction: match[1] === 'f' ? 'forward' : 'backward',
    partition: Number(match[2]),
    at: { sequence: Number(match[3]), index: Number(match[4]) },
  };
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
