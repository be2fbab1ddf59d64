/**
 * Writer: makes waiting events durable in batches. Streams are written side by side, each in order.
 *
 *   write ─▶ backlog ─(flushDelayMs, or batchBytesMax, or somebody waits)─▶ ready ─(appendsMax)─▶ journal
 *               ▲                                                                              │ failed
 *               └──────────────────────────── after retryDelayMs ──────────────────────────────┘
 */
import type { Cancel, Clock } from '#platform';
import { Backlog } from './backlog.ts';
import type { Waiting } from './backlog.ts';
import type { Catalogue } from './catalogue.ts';
import { sinkEventBytesMax } from './limits.ts';
import type { LogsLimits } from './limits.ts';
import type { LogEvent, LogSink } from './sink.ts';

export class Writer implements LogSink {
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  readonly #limits: LogsLimits;
  readonly #onFault: (error: unknown) => void;
  readonly #onStored: (group: string) => void;
  readonly #backlog: Backlog;
  /** Something waits in these, nothing of them is taken, and no timer of their own runs. */
  readonly #dirty = new Set<Waiting>();
  readonly #ready = new Set<Waiting>();
  readonly #retrying = new Map<Waiting, Cancel>();
  #appends = 0;
  #flush: Cancel | undefined;
  /** How many streams the last flush found waiting. */
  #flushedStreams = 0;
  #idle: (() => void) | undefined;
  #closing = false;

  /** `onFault` hears why something could not be written: once per attempt, for the operator's log. */
  constructor(options: {
    readonly catalogue: Catalogue;
    readonly clock: Clock;
    readonly limits: LogsLimits;
    readonly onFault: (error: unknown) => void;
    readonly onStored: (group: string) => void;
  }) {
    this.#catalogue = options.catalogue;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#onFault = options.onFault;
    this.#onStored = options.onStored;
    this.#backlog = new Backlog(options.limits);
  }

  write(group: string, stream: string, events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    this.#arrived(this.#backlog.add(group, stream, fitting(events)));
  }

  /** Resolves once the events are durable. `busy`: too much waits already; `failed`: the store would not take them. */
  async put(
    group: string,
    stream: string,
    events: readonly LogEvent[],
  ): Promise<'stored' | 'busy' | 'failed'> {
    return new Promise((resolve) => {
      const waiting = this.#backlog.addSettled(group, stream, events, resolve);
      if (waiting === undefined) {
        resolve('busy');
        return;
      }
      if (!waiting.taken && !this.#retrying.has(waiting)) this.#makeReady(waiting);
      this.#start();
    });
  }

  /** Writes what waits; what cannot be written at the first attempt from now is lost. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const [waiting, cancel] of this.#retrying) {
      cancel();
      this.#ready.add(waiting);
    }
    this.#retrying.clear();
    this.#flushAll();
    if (this.#appends === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #arrived(waiting: Waiting): void {
    if (waiting.taken || this.#ready.has(waiting) || this.#retrying.has(waiting)) return;
    if (waiting.bytes >= this.#limits.batchBytesMax || this.#closing) {
      this.#makeReady(waiting);
      this.#start();
      return;
    }
    this.#dirty.add(waiting);
    this.#flush ??= this.#clock.after(this.#delayMs(), () => this.#flushAll());
  }

  #delayMs(): number {
    const { flushDelayMs, flushDelayPerStreamMs, flushDelayMsMax } = this.#limits;
    return Math.min(flushDelayMsMax, Math.max(flushDelayMs, this.#flushedStreams * flushDelayPerStreamMs));
  }

  #makeReady(waiting: Waiting): void {
    this.#dirty.delete(waiting);
    this.#ready.add(waiting);
  }

  #flushAll(): void {
    this.#flush?.();
    this.#flush = undefined;
    this.#flushedStreams = this.#dirty.size;
    for (const waiting of this.#dirty) this.#ready.add(waiting);
    this.#dirty.clear();
    this.#start();
  }

  #start(): void {
    for (const waiting of this.#ready) {
      if (this.#appends >= this.#limits.appendsMax) return;
      this.#ready.delete(waiting);
      this.#appends += 1;
      void this.#append(waiting).finally(() => {
        this.#appends -= 1;
        this.#start();
        if (this.#appends === 0) this.#idle?.();
      });
    }
  }

  async #append(waiting: Waiting): Promise<void> {
    const taken = this.#backlog.take(waiting);
    try {
      let outcome: 'appended' | 'gone';
      do {
        const stream = await this.#catalogue.streamToWrite(waiting.group, waiting.stream);
        outcome = await stream.append(taken.events, this.#clock.wallMs());
      } while (outcome === 'gone');
    } catch (error) {
      for (const settle of taken.settles) settle('failed');
      this.#onFault(error);
      if (this.#backlog.giveBack(waiting) && !this.#closing) this.#retryLater(waiting);
      return;
    }
    for (const settle of taken.settles) settle('stored');
    this.#onStored(waiting.group);
    if (this.#backlog.done(waiting)) this.#arrived(waiting);
  }

  #retryLater(waiting: Waiting): void {
    this.#retrying.set(
      waiting,
      this.#clock.after(this.#limits.retryDelayMs, () => {
        this.#retrying.delete(waiting);
        this.#ready.add(waiting);
        this.#start();
      }),
    );
  }
}

/** The events with those that are too long cut in pieces, each at most `sinkEventBytesMax`. */
function fitting(events: readonly LogEvent[]): readonly LogEvent[] {
  // A UTF-16 unit takes at most three bytes, so nearly every event passes on its length alone.
  if (events.every(({ message }) => message.length * 3 <= sinkEventBytesMax)) return events;
  return events.flatMap(({ timestampMs, message }) =>
    pieces(message).map((piece) => ({ timestampMs, message: piece })),
  );
}

function pieces(message: string): readonly string[] {
  const bytes = Buffer.from(message);
  if (bytes.length <= sinkEventBytesMax) return [message];
  const list: string[] = [];
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(bytes.length, start + sinkEventBytesMax);
    // Not in the middle of a character: its later bytes are 10xxxxxx.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    list.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return list;
}
