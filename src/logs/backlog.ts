/**
 * Backlog: the events that wait to be written, per stream, within bounds. A pure state machine: no time, no I/O.
 *
 *     add ──▶ waiting ──take──▶ taken ──done──▶ (forgotten when nothing waits)
 *               ▲                 └──giveBack──┐
 *               └──────────────────────────────┘
 *
 * Invariants: one batch of a stream is taken at a time, so that its events stay in order; the counted bytes are those of
 * waiting and taken events; what is dropped is the oldest of the stream that is being added to, and is counted there.
 */
import { assert } from '#lib/assert';
import { eventOverheadBytes } from './limits.ts';
import type { LogEvent } from './sink.ts';

/** Told once what became of events that somebody waits for. */
export type Settle = (outcome: 'stored' | 'failed') => void;

interface Chunk {
  readonly events: readonly LogEvent[];
  readonly bytes: number;
  readonly settle: Settle | undefined;
}

/** What waits of one stream. Identity matters: one object per stream as long as anything of it waits or is taken. */
export interface Waiting {
  readonly group: string;
  readonly stream: string;
  /** Of what waits, without what is taken. */
  readonly bytes: number;
  readonly taken: boolean;
}

export interface Taken {
  readonly events: readonly LogEvent[];
  readonly settles: readonly Settle[];
}

interface Entry extends Waiting {
  bytes: number;
  taken: boolean;
  chunks: Chunk[];
  dropped: number;
  /** Timestamp of the last event dropped. */
  droppedMs: number;
  takenChunks: readonly Chunk[];
  /** Drops that the taken batch tells of. */
  takenDropped: number;
}

export interface BacklogLimits {
  readonly waitingBytesPerStreamMax: number;
  readonly waitingBytesMax: number;
}

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #groups = new Map<string, Map<string, Entry>>();
  #bytes = 0;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait or are taken, as estimated when they came (a UTF-16 unit counts one). */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds events whose loss may be told by a line; drops the stream's oldest where there is no room. */
  add(group: string, stream: string, events: readonly LogEvent[]): Waiting {
    const entry = this.#entry(group, stream);
    this.#push(entry, { events, bytes: estimate(events), settle: undefined });
    while (this.#tooMuch(entry)) this.#dropOldest(entry);
    return entry;
  }

  /** Adds events that somebody waits for: all or (undefined) none. */
  addSettled(
    group: string,
    stream: string,
    events: readonly LogEvent[],
    settle: Settle,
  ): Waiting | undefined {
    const bytes = estimate(events);
    const waiting = this.#groups.get(group)?.get(stream)?.bytes ?? 0;
    const { waitingBytesPerStreamMax, waitingBytesMax } = this.#limits;
    if (waiting + bytes > waitingBytesPerStreamMax || this.#bytes + bytes > waitingBytesMax) return undefined;
    const entry = this.#entry(group, stream);
    this.#push(entry, { events, bytes, settle });
    return entry;
  }

  /** Takes all that waits of a stream, for writing; empty when nothing does. */
  take(waiting: Waiting): Taken {
    const entry = this.#own(waiting);
    assert(!entry.taken, 'one batch of a stream is taken at a time');
    const chunks = entry.chunks;
    const events: LogEvent[] = [];
    const settles: Settle[] = [];
    for (const chunk of chunks) {
      for (const event of chunk.events) events.push(event);
      if (chunk.settle !== undefined) settles.push(chunk.settle);
    }
    if (entry.dropped > 0) {
      events.unshift({
        timestampMs: events[0]?.timestampMs ?? entry.droppedMs,
        message: droppedLine(entry.dropped),
      });
    }
    entry.taken = true;
    entry.takenChunks = chunks;
    entry.takenDropped = entry.dropped;
    entry.dropped = 0;
    entry.chunks = [];
    entry.bytes = 0;
    return { events, settles };
  }

  /** The taken batch is durable. Whether more waits. */
  done(waiting: Waiting): boolean {
    const entry = this.#own(waiting);
    assert(entry.taken, 'what is done was taken');
    this.#bytes -= sum(entry.takenChunks);
    entry.taken = false;
    entry.takenChunks = [];
    entry.takenDropped = 0;
    if (entry.chunks.length > 0 || entry.dropped > 0) return true;
    this.#forget(entry);
    return false;
  }

  /** The taken batch could not be written: those that nobody waits for wait again. Whether any do. */
  giveBack(waiting: Waiting): boolean {
    const entry = this.#own(waiting);
    assert(entry.taken, 'what is given back was taken');
    const kept = entry.takenChunks.filter(({ settle }) => settle === undefined);
    this.#bytes -= sum(entry.takenChunks) - sum(kept);
    entry.taken = false;
    entry.takenChunks = [];
    entry.dropped += entry.takenDropped;
    entry.takenDropped = 0;
    entry.chunks = [...kept, ...entry.chunks];
    entry.bytes = sum(entry.chunks);
    while (this.#tooMuch(entry)) this.#dropOldest(entry);
    if (entry.chunks.length > 0 || entry.dropped > 0) return true;
    this.#forget(entry);
    return false;
  }

  #entry(group: string, stream: string): Entry {
    let streams = this.#groups.get(group);
    if (streams === undefined) this.#groups.set(group, (streams = new Map()));
    let entry = streams.get(stream);
    if (entry === undefined) {
      entry = {
        group,
        stream,
        bytes: 0,
        taken: false,
        chunks: [],
        dropped: 0,
        droppedMs: 0,
        takenChunks: [],
        takenDropped: 0,
      };
      streams.set(stream, entry);
    }
    return entry;
  }

  #own(waiting: Waiting): Entry {
    const entry = this.#groups.get(waiting.group)?.get(waiting.stream);
    assert(entry === waiting, 'a stream that waits is known');
    return entry;
  }

  #forget(entry: Entry): void {
    const streams = this.#groups.get(entry.group);
    streams?.delete(entry.stream);
    if (streams?.size === 0) this.#groups.delete(entry.group);
  }

  #push(entry: Entry, chunk: Chunk): void {
    entry.chunks.push(chunk);
    entry.bytes += chunk.bytes;
    this.#bytes += chunk.bytes;
  }

  #tooMuch(entry: Entry): boolean {
    if (entry.chunks.length === 0) return false;
    return entry.bytes > this.#limits.waitingBytesPerStreamMax || this.#bytes > this.#limits.waitingBytesMax;
  }

  /** Drops a tenth of what waits at once, so that a stream that stays full pays little for each event. */
  #dropOldest(entry: Entry): void {
    const enough = entry.bytes / 10;
    let bytes = 0;
    let count = 0;
    while (bytes <= enough && count < entry.chunks.length) {
      bytes += entry.chunks[count]?.bytes ?? 0;
      count += 1;
    }
    const dropped = entry.chunks.splice(0, count);
    entry.bytes -= bytes;
    this.#bytes -= bytes;
    for (const { events, settle } of dropped) {
      settle?.('failed');
      if (settle !== undefined) continue;
      entry.dropped += events.length;
      entry.droppedMs = events.at(-1)?.timestampMs ?? entry.droppedMs;
    }
  }
}

/** The line that stands where events were lost. */
export function droppedLine(count: number): string {
  return `[lambkin] ${count} log event${count === 1 ? '' : 's'} dropped here: more came than could be stored`;
}

function estimate(events: readonly LogEvent[]): number {
  let bytes = 0;
  for (const { message } of events) bytes += message.length + eventOverheadBytes;
  return bytes;
}

function sum(chunks: readonly Chunk[]): number {
  return chunks.reduce((bytes, chunk) => bytes + chunk.bytes, 0);
}
