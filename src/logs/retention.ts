/**
 * Retention: what is too old, or too much, is forgotten, oldest first; so are streams that are empty and old.
 * One round runs at a time; a round that fails is told and made again the next time.
 */
import type { Cancel, Clock } from '#platform';
import type { Catalogue, LogGroup } from './catalogue.ts';
import { Heap } from './heap.ts';
import { summariesAtOnceMax } from './limits.ts';
import type { LogsLimits } from './limits.ts';
import type { LogStream } from './stream.ts';

const dayMs = 24 * 60 * 60 * 1_000;
/** The first round, which also looks up every stream, waits for a busy start to be over. */
const firstSweepDelayMs = 10_000;
/** When a bound is met, this share of it is kept. */
const keptShare = 0.95;
/** A stream gives up its oldest in steps of at least this size. */
const stepBytesMin = 1024 * 1024;

export class Retention {
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  readonly #limits: LogsLimits;
  readonly #onFault: (error: unknown) => void;
  #timer: Cancel | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: {
    readonly catalogue: Catalogue;
    readonly clock: Clock;
    readonly limits: LogsLimits;
    readonly onFault: (error: unknown) => void;
  }) {
    this.#catalogue = options.catalogue;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#onFault = options.onFault;
    this.#schedule(Math.min(firstSweepDelayMs, this.#limits.sweepIntervalMs));
  }

  /** Events of `group` were stored: holds the byte bounds without waiting for the next round. */
  stored(group: string): void {
    const tooMuch =
      this.#catalogue.bytes > this.#limits.totalBytesMax ||
      (this.#catalogue.group(group)?.bytes ?? 0) > this.#limits.groupBytesMax;
    if (tooMuch && this.#running === undefined) void this.sweep();
  }

  /** One round. Never rejects. */
  async sweep(): Promise<void> {
    this.#running ??= this.#sweep()
      .catch(this.#onFault)
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      void this.sweep().finally(() => {
        if (!this.#closed) this.#schedule(this.#limits.sweepIntervalMs);
      });
    });
  }

  async #sweep(): Promise<void> {
    await this.#catalogue.loaded();
    const { groupBytesMax, totalBytesMax } = this.#limits;
    for (const group of Array.from(this.#catalogue.groups())) {
      await this.#age(group);
      if (group.bytes > groupBytesMax) {
        await this.#shrink([...group.streams.values()], group.bytes - groupBytesMax * keptShare);
      }
      if (this.#closed) return;
    }
    if (this.#catalogue.bytes > totalBytesMax) {
      const streams = Array.from(this.#catalogue.groups()).flatMap(({ streams }) =>
        Array.from(streams.values()),
      );
      await this.#shrink(streams, this.#catalogue.bytes - totalBytesMax * keptShare);
    }
  }

  async #age(group: LogGroup): Promise<void> {
    const now = this.#clock.wallMs();
    const days = group.record.retentionDays ?? this.#limits.retentionDays;
    const oldestMs = days === undefined ? 0 : now - days * dayMs;
    const streams = [...group.streams.values()];
    for (let at = 0; at < streams.length && !this.#closed; at += summariesAtOnceMax) {
      await Promise.all(
        streams.slice(at, at + summariesAtOnceMax).map(async (stream) => {
          const { first, next, firstMarkMs } = await stream.summary();
          if (first < next && firstMarkMs < oldestMs)
            await stream.trim(await stream.find({ markMs: oldestMs }));
          const after = await stream.summary();
          const unused = now - stream.lastUsedMs > this.#limits.emptyStreamAgeMs;
          if (after.first === after.next && unused && !stream.record.byClient) {
            await this.#catalogue.deleteStream(group.record.name, stream.record.name);
          }
        }),
      );
    }
  }

  /** Forgets the oldest of `bytes` in all. */
  async #shrink(streams: readonly LogStream[], bytes: number): Promise<void> {
    const heap = new Heap<LogStream>((a, b) => (a.known?.firstMarkMs ?? 0) < (b.known?.firstMarkMs ?? 0));
    for (const stream of streams) if (stream.storedBytes > 0) heap.push(stream);
    let excess = bytes;
    for (let stream = heap.pop(); stream !== undefined && excess > 0; stream = heap.pop()) {
      const before = stream.storedBytes;
      const step = Math.min(excess, Math.max(stepBytesMin, before / 8));
      const { bytesBefore, next } = await stream.summary();
      await stream.trim(step >= before ? next : (await stream.find({ bytes: bytesBefore + step })) + 1);
      excess -= before - stream.storedBytes;
      if (stream.storedBytes > 0 && stream.storedBytes < before) heap.push(stream);
    }
  }
}
