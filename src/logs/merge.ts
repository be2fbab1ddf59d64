/**
 * Merge: the events of many streams of a group in order of time, from a place on. Streams are opened only when the order
 * comes to their first event, and read a little ahead.
 */
import { assert } from '#lib/assert';
import type { Journal } from '#platform';
import { decodeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import { Heap } from './heap.ts';
import { eventOverheadBytes, pageBytesMax, readAheadBytes, scanBytesMax } from './limits.ts';
import type { Matches } from './filter/parsed.ts';
import { isBefore } from './position.ts';
import type { Key } from './position.ts';
import type { LogStream } from './stream.ts';

export interface FoundEvent {
  readonly stream: string;
  readonly key: Key;
  readonly timestampMs: number;
  readonly message: string;
  readonly ingestedMs: number;
}

export interface FilterPage {
  /** Ordered by time. */
  readonly events: readonly FoundEvent[];
  /** The last key examined, where there may be more. */
  readonly next: Key | undefined;
}

export interface Search {
  /** Inclusive. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly limit: number;
  readonly after: Key | undefined;
  readonly matches: Matches;
}

/** What is read ahead for all streams of one search together. */
const readAheadTotalBytes = 16 * 1024 * 1024;

export async function filterStreams(
  journal: Journal,
  streams: readonly LogStream[],
  search: Search,
): Promise<FilterPage> {
  const heap = new Heap<Cursor>((a, b) => isBefore(a.key, b.key));
  const ahead = Math.min(readAheadBytes, readAheadTotalBytes / Math.max(1, streams.length));
  for (const stream of streams) {
    const { first, next, end, firstMarkMs } = await stream.summary();
    const from = Math.max(search.startMs, search.after?.markMs ?? 0, firstMarkMs);
    if (first === next || end.highMs < from || (firstMarkMs >= search.endMs && !end.late)) continue;
    heap.push(new Cursor(journal, stream, from, ahead));
  }
  const events: FoundEvent[] = [];
  let bytes = 0;
  let scanned = 0;
  let last: Key | undefined = search.after;
  for (let cursor = heap.pop(); cursor !== undefined; cursor = heap.pop()) {
    if (cursor.event === undefined) {
      // Until now only a lower bound of its key was known.
      if (await cursor.open(search.after)) heap.push(cursor);
      continue;
    }
    const { event, key } = cursor;
    const { end } = cursor.stream.known ?? { end: undefined };
    if (key.markMs >= search.endMs && end?.late !== true) continue; // this stream has no more
    const size = Buffer.byteLength(event.message) + eventOverheadBytes;
    const inside = event.timestampMs >= search.startMs && event.timestampMs < search.endMs;
    if (inside && search.matches(event.message)) {
      if (events.length >= search.limit || (events.length > 0 && bytes + size > pageBytesMax)) {
        return { events: byTime(events), next: last };
      }
      bytes += size;
      const { timestampMs, message } = event;
      events.push({
        stream: cursor.stream.record.name,
        key,
        timestampMs,
        message,
        ingestedMs: cursor.ingestedMs,
      });
    }
    last = key;
    scanned += size;
    const more = cursor.advance();
    if (typeof more === 'boolean' ? more : await more) heap.push(cursor);
    if (scanned >= scanBytesMax && heap.size > 0) return { events: byTime(events), next: last };
  }
  return { events: byTime(events), next: undefined };
}

/** A place in one stream. */
class Cursor {
  readonly stream: LogStream;
  readonly #journal: Journal;
  readonly #aheadBytes: number;
  readonly #fromMs: number;
  #records: { readonly sequence: number; readonly body: Uint8Array }[] = [];
  #sequence = 0;
  #batch: Batch | undefined;
  #key: Key;

  constructor(journal: Journal, stream: LogStream, fromMs: number, aheadBytes: number) {
    this.stream = stream;
    this.#journal = journal;
    this.#aheadBytes = aheadBytes;
    this.#fromMs = fromMs;
    this.#key = { markMs: fromMs, partition: stream.record.partition, sequence: -1, index: -1 };
  }

  get key(): Key {
    return this.#key;
  }

  /** undefined before `open`. */
  get event(): Batch['list'][number] | undefined {
    return this.#batch?.list[this.#key.index];
  }

  get ingestedMs(): number {
    return this.#batch?.ingestedMs ?? 0;
  }

  /** Goes to the first event of the range that comes after `after`. Whether there is one. */
  async open(after: Key | undefined): Promise<boolean> {
    this.#sequence = (await this.stream.find({ markMs: this.#fromMs })) - 1;
    if (!(await this.#nextBatch())) return false;
    const isEarly = (): boolean =>
      this.#key.markMs < this.#fromMs || (after !== undefined && !isBefore(after, this.#key));
    while (isEarly()) {
      const more = this.advance();
      if (!(typeof more === 'boolean' ? more : await more)) return false;
    }
    return true;
  }

  /** Goes to the next event. Whether there is one: known at once unless it has to be read. */
  advance(): boolean | Promise<boolean> {
    const batch = this.#batch;
    assert(batch !== undefined, 'a cursor that advances is open');
    if (this.#key.index + 1 >= batch.list.length) return this.#nextBatch();
    this.#at(batch, this.#key.index + 1);
    return true;
  }

  async #nextBatch(): Promise<boolean> {
    if (this.#records.length === 0) {
      const count = await this.stream.recordsOf(this.#aheadBytes);
      this.#records = [...(await this.#journal.read(this.stream.partition, this.#sequence + 1, count))];
    }
    const record = this.#records.shift();
    // What stands beyond the stream's end may belong to another: a stream that is deleted leaves its partition to the next.
    if (record === undefined || record.sequence >= (await this.stream.summary()).next) return false;
    this.#sequence = record.sequence;
    this.#batch = decodeBatch(record.body);
    this.#at(this.#batch, 0);
    return true;
  }

  #at(batch: Batch, index: number): void {
    const event = batch.list[index];
    assert(event !== undefined, 'a batch holds an event');
    this.#key = {
      markMs: event.markMs,
      partition: this.stream.record.partition,
      sequence: this.#sequence,
      index,
    };
  }
}

function byTime(events: FoundEvent[]): readonly FoundEvent[] {
  return events.sort((a, b) => a.timestampMs - b.timestampMs);
}
