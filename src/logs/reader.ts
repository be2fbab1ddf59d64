/**
 * Reader: a page of one stream's events, forward or backward from a position. What is examined for one page is bounded, so
 * a page may hold less than asked for, or nothing, and its positions still lead on.
 */
import type { Journal } from '#platform';
import { decodeBatch } from './batch.ts';
import { eventOverheadBytes, pageBytesMax, readAheadBytes, scanBytesMax } from './limits.ts';
import type { Position } from './position.ts';
import type { LogStream } from './stream.ts';

export interface ReadEvent {
  readonly timestampMs: number;
  readonly message: string;
  readonly ingestedMs: number;
}

export interface Page {
  /** Ordered by time. */
  readonly events: readonly ReadEvent[];
  /** Where the page begins, and where what follows it begins. */
  readonly from: Position;
  readonly to: Position;
}

export interface Range {
  /** Inclusive. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** Events of one page. */
  readonly limit: number;
}

/** Events at or after `start` (default: the beginning of the range). */
export async function readForward(
  journal: Journal,
  stream: LogStream,
  start: Position | undefined,
  range: Range,
): Promise<Page> {
  const { first, next, end } = await stream.summary();
  const begin = start ?? { sequence: await stream.find({ markMs: range.startMs }), index: 0 };
  const events: ReadEvent[] = [];
  const budget = new Budget(range.limit);
  let at: Position = begin.sequence < first ? { sequence: first, index: 0 } : begin;
  const from = at;
  const count = await stream.recordsOf(readAheadBytes);
  while (at.sequence < next) {
    const records = await journal.read(stream.partition, at.sequence, Math.min(count, next - at.sequence));
    if (records.length === 0) break;
    for (const { sequence, body } of records) {
      if (sequence >= next) return { events: byTime(events), from, to: at };
      const { list, ingestedMs, bytes } = decodeBatch(body);
      for (let index = sequence === at.sequence ? at.index : 0; index < list.length; index += 1) {
        const event = list[index];
        if (event === undefined) break;
        const past = event.markMs >= range.endMs && !end.late;
        const inside = event.timestampMs >= range.startMs && event.timestampMs < range.endMs;
        if (past || (inside && !budget.takes(event.message))) {
          return { events: byTime(events), from, to: { sequence, index } };
        }
        if (inside) events.push({ timestampMs: event.timestampMs, message: event.message, ingestedMs });
      }
      at = { sequence: sequence + 1, index: 0 };
      if (!budget.scans(bytes)) return { events: byTime(events), from, to: at };
    }
  }
  return { events: byTime(events), from, to: at };
}

/** Events before `start` (default: the end of the range). */
export async function readBackward(
  journal: Journal,
  stream: LogStream,
  start: Position | undefined,
  range: Range,
): Promise<Page> {
  const { next, end } = await stream.summary();
  const lowest = await stream.find({ markMs: range.startMs });
  let beyond: Position = { sequence: next, index: 0 };
  if (start !== undefined && start.sequence < next) beyond = start;
  else if (start === undefined && range.endMs <= end.highMs && !end.late) {
    beyond = { sequence: Math.min(next, (await stream.find({ markMs: range.endMs })) + 1), index: 0 };
  }
  const to = beyond;
  const events: ReadEvent[] = [];
  const budget = new Budget(range.limit);
  const count = await stream.recordsOf(readAheadBytes);
  let at = beyond;
  while (at.sequence > lowest || (at.sequence === lowest && at.index > 0)) {
    const last = at.index > 0 ? at.sequence : at.sequence - 1;
    const firstRead = Math.max(lowest, last - count + 1);
    let records = await journal.read(stream.partition, firstRead, last - firstRead + 1);
    // An answer of the journal is bounded too: where it was cut short, its end is what counts here.
    if (records.at(-1)?.sequence !== last) records = await journal.read(stream.partition, last, 1);
    if (records.length === 0) break; // trimmed
    for (const { sequence, body } of records.toReversed()) {
      const { list, ingestedMs, bytes } = decodeBatch(body);
      const startIndex = sequence === at.sequence ? Math.min(at.index, list.length) : list.length;
      for (let index = startIndex - 1; index >= 0; index -= 1) {
        const event = list[index];
        if (event === undefined) break;
        const inside = event.timestampMs >= range.startMs && event.timestampMs < range.endMs;
        if (inside && !budget.takes(event.message)) {
          return { events: byTime(events.toReversed()), from: { sequence, index: index + 1 }, to };
        }
        if (inside) events.push({ timestampMs: event.timestampMs, message: event.message, ingestedMs });
      }
      at = { sequence, index: 0 };
      if (!budget.scans(bytes)) return { events: byTime(events.toReversed()), from: at, to };
    }
  }
  return { events: byTime(events.toReversed()), from: at, to };
}

/** What one page may hold and examine. */
class Budget {
  #events: number;
  #bytes = pageBytesMax;
  #scan = scanBytesMax;

  constructor(events: number) {
    this.#events = events;
  }

  /** A first event always fits. */
  takes(message: string): boolean {
    const bytes = Buffer.byteLength(message) + eventOverheadBytes;
    if (this.#events === 0 || (bytes > this.#bytes && this.#bytes < pageBytesMax)) return false;
    this.#events -= 1;
    this.#bytes -= bytes;
    return true;
  }

  scans(bytes: number): boolean {
    this.#scan -= bytes;
    return this.#scan > 0;
  }
}

function byTime<T extends ReadEvent>(events: T[]): readonly T[] {
  return events.sort((a, b) => a.timestampMs - b.timestampMs);
}
