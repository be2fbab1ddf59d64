/**
 * LogStream: one log stream, stored in a journal partition of its own. What it holds is told by its first and last
 * record alone (see batch.ts), so nothing else is written when events are.
 *
 * Partitions are reused: a stream begins at sequence `from` of its partition, and what stood before belonged to a stream
 * that is gone.
 */
import { assert } from '#lib/assert';
import type { Journal } from '#platform';
import { decodeBatch, decodeHeader, emptyStream, encodeBatch, eventBytes } from './batch.ts';
import type { StreamEnd } from './batch.ts';
import { eventOverheadBytes } from './limits.ts';
import type { LogEvent } from './sink.ts';
import type { StreamRecord } from './records.ts';

export interface Summary {
  /** Sequence of the first record. */
  readonly first: number;
  /** Sequence that the next record will get; equals `first` when there is none. */
  readonly next: number;
  /** Bytes of the stream ahead of `first`. */
  readonly bytesBefore: number;
  /** Mark of the first event, and of those after the last: see batch.ts. */
  readonly firstMarkMs: number;
  readonly end: StreamEnd;
  readonly firstEventMs: number | undefined;
  readonly lastIngestedMs: number | undefined;
}

/** What one append of the journal takes. */
const recordsPerAppendMax = 1_000;

const empty = { bytesBefore: 0, firstMarkMs: 0, end: emptyStream, firstEventMs: undefined } as const;

export class LogStream {
  readonly record: StreamRecord;
  readonly #journal: Journal;
  readonly #batchBytesMax: number;
  readonly #onBytes: (change: number) => void;
  #summary: Summary | undefined;
  #loading: Promise<Summary> | undefined;
  #appending: Promise<unknown> = Promise.resolve();
  #gone = false;

  /** `isNew`: its partition holds nothing from `from` on. `onBytes` hears how the stored bytes change. */
  constructor(
    record: StreamRecord,
    journal: Journal,
    options: {
      readonly isNew: boolean;
      readonly batchBytesMax: number;
      readonly onBytes: (change: number) => void;
    },
  ) {
    this.record = record;
    this.#journal = journal;
    this.#batchBytesMax = options.batchBytesMax;
    this.#onBytes = options.onBytes;
    if (options.isNew) {
      this.#summary = { ...empty, first: record.from, next: record.from, lastIngestedMs: undefined };
    }
  }

  get partition(): string {
    return partitionName(this.record.partition);
  }

  /** The summary, where it was looked up already. */
  get known(): Summary | undefined {
    return this.#summary;
  }

  get storedBytes(): number {
    return this.#summary === undefined ? 0 : this.#summary.end.bytes - this.#summary.bytesBefore;
  }

  /** When it was last of use: the newest event, or its creation. */
  get lastUsedMs(): number {
    return Math.max(this.#summary?.lastIngestedMs ?? 0, this.record.createdMs);
  }

  get isGone(): boolean {
    return this.#gone;
  }

  async summary(): Promise<Summary> {
    if (this.#summary !== undefined) return this.#summary;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Writes events in order; resolves once durable. Calls must not overlap. `gone`: the stream was forgotten meanwhile; nothing was written. */
  async append(events: readonly LogEvent[], ingestedMs: number): Promise<'appended' | 'gone'> {
    const appending = this.#append(events, ingestedMs);
    this.#appending = appending.catch(() => {});
    return appending;
  }

  /** Forgets the records below `before`. */
  async trim(before: number): Promise<void> {
    const { first, next } = await this.summary();
    if (before <= first) return;
    await this.#journal.trim(this.partition, before);
    const record = before < next ? (await this.#journal.read(this.partition, before, 1))[0] : undefined;
    // From here on nothing waits: appends and a deletion may have happened until now.
    const now = this.#summary;
    if (now === undefined || this.#gone) return;
    const bytesWere = this.storedBytes;
    if (record !== undefined) {
      const header = decodeHeader(record.body);
      this.#summary = {
        ...now,
        first: record.sequence,
        bytesBefore: header.bytesBefore,
        firstMarkMs: Math.max(header.highBeforeMs, header.firstMs),
        firstEventMs: header.firstMs,
      };
    } else if (now.next === next) {
      const { lastIngestedMs } = now;
      this.#summary = { ...empty, first: next, next, end: { ...now.end, bytes: 0 }, lastIngestedMs };
    } else {
      // All that was known is forgotten, and more came meanwhile: look again.
      this.#summary = undefined;
    }
    this.#onBytes(this.storedBytes - bytesWere);
  }

  /** No append begins any more; resolves when none is under way and all records are forgotten. */
  async clear(): Promise<void> {
    this.#gone = true;
    await this.#appending;
    const bytes = this.storedBytes;
    const { next } = await this.#journal.bounds(this.partition);
    await this.#journal.trim(this.partition, next);
    this.#summary = { ...empty, first: next, next, lastIngestedMs: undefined };
    this.#onBytes(-bytes);
  }

  /** It could not be forgotten after all. */
  revive(): void {
    this.#gone = false;
  }

  /**
   * The first record that holds an event whose mark is at least `markMs` (or, by `bytes`, that has so many bytes of the
   * stream before its end); the sequence after the last when there is none.
   */
  async find(by: { readonly markMs: number } | { readonly bytes: number }): Promise<number> {
    const { first, next, end, firstMarkMs, bytesBefore } = await this.summary();
    const endsAt = (at: { readonly highMs: number; readonly bytes: number }): boolean =>
      'markMs' in by ? at.highMs >= by.markMs : at.bytes >= by.bytes;
    if (first === next || !endsAt(end)) return next;
    if ('markMs' in by ? firstMarkMs >= by.markMs : bytesBefore >= by.bytes) return first;
    // Looks for the lowest record before which the bound is reached: the one ahead of it is where it is reached.
    let low = first;
    let high = next;
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      const record = (await this.#journal.read(this.partition, middle, 1))[0];
      if (record === undefined || record.sequence !== middle) return middle; // trimmed meanwhile
      const header = decodeHeader(record.body);
      if (endsAt({ highMs: header.highBeforeMs, bytes: header.bytesBefore })) high = middle;
      else low = middle;
    }
    return low;
  }

  /** How many records make up about `bytes`. */
  async recordsOf(bytes: number): Promise<number> {
    const { first, next } = await this.summary();
    if (next === first) return 1;
    const average = this.storedBytes / (next - first);
    return Math.min(1000, Math.max(1, Math.floor(bytes / average)));
  }

  async #append(events: readonly LogEvent[], ingestedMs: number): Promise<'appended' | 'gone'> {
    const before = await this.summary();
    if (this.#gone) return 'gone';
    const bodies: Uint8Array[] = [];
    let { end } = before;
    for (const part of split(events, this.#batchBytesMax)) {
      const encoded = encodeBatch(part, ingestedMs, end);
      bodies.push(encoded.body);
      end = encoded.end;
    }
    const firstEventMs = events[0]?.timestampMs ?? 0;
    assert(bodies.length <= recordsPerAppendMax, 'what waits of a stream fits one append');
    let next: number;
    try {
      ({ next } = await this.#journal.append(this.partition, 'any', bodies));
    } catch (error) {
      // It may stand there or not: look again before the next one.
      this.#onBytes(-this.storedBytes);
      this.#summary = undefined;
      throw error;
    }
    const now = this.#summary ?? before;
    const bytesWere = this.storedBytes;
    this.#summary =
      now.first === now.next
        ? {
            first: now.next,
            next,
            bytesBefore: before.end.bytes,
            firstMarkMs: Math.max(before.end.highMs, firstEventMs),
            firstEventMs,
            end,
            lastIngestedMs: ingestedMs,
          }
        : { ...now, next, end, lastIngestedMs: ingestedMs };
    this.#onBytes(this.storedBytes - bytesWere);
    return 'appended';
  }

  async #load(): Promise<Summary> {
    const bounds = await this.#journal.bounds(this.partition);
    const first = (await this.#journal.read(this.partition, Math.max(bounds.first, this.record.from), 1))[0];
    const last = (await this.#journal.read(this.partition, Math.max(bounds.next - 1, 0), 1))[0];
    const { from } = this.record;
    const next = Math.max(bounds.next, from);
    if (first === undefined || last === undefined || last.sequence < from) {
      this.#summary = { ...empty, first: next, next, lastIngestedMs: undefined };
      return this.#summary;
    }
    const head = decodeHeader(first.body);
    const tail = decodeBatch(last.body);
    this.#summary = {
      first: first.sequence,
      next,
      bytesBefore: head.bytesBefore,
      firstMarkMs: Math.max(head.highBeforeMs, head.firstMs),
      firstEventMs: head.firstMs,
      end: { bytes: tail.bytesBefore + tail.bytes, highMs: tail.highMs, late: tail.late },
      lastIngestedMs: tail.ingestedMs,
    };
    this.#onBytes(this.storedBytes);
    return this.#summary;
  }
}

export function partitionName(partition: number): string {
  return `logs/${partition}`;
}

function* split(events: readonly LogEvent[], bytesMax: number): Generator<readonly LogEvent[]> {
  if (bytesAtMost(events) <= bytesMax) {
    yield events;
    return;
  }
  let part: LogEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = eventBytes(event);
    if (part.length > 0 && bytes + size > bytesMax) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(event);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Without looking at a character: a UTF-16 unit takes at most three bytes. */
function bytesAtMost(events: readonly LogEvent[]): number {
  let bytes = 0;
  for (const { message } of events) bytes += message.length * 3 + eventOverheadBytes;
  return bytes;
}
