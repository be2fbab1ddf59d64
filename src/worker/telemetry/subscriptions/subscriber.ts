/**
 * One extension that gets telemetry: its events wait until a batch is full or old enough, and go out one batch after the other.
 *
 *     events ─▶ waiting (bounded) ─▶ batch ── delivered ──▶ the next
 *                    │                  └ refused, dead: tried again a few times, then dropped
 *                    └ full: dropped; `platform.logsDropped` tells how much, as soon as something gets through
 */
import type { Cancel, Clock } from '#platform';
import { backlogBatchesMax, deliveryAttemptsMax, deliveryMsMax, deliveryRetryMs } from '../../limits.ts';
import type { Destination, Subscription } from './subscription.ts';

/** One attempt to hand a batch over. */
export interface Delivery {
  /** Whether the destination took it. Never rejects. */
  readonly done: Promise<boolean>;
  cancel(): void;
}

/** Hands `body` to what listens in the sandbox. */
export type Deliver = (destination: Destination, body: string) => Delivery;

interface Batch {
  readonly items: readonly string[];
  readonly bytes: number;
}

const lag = 'Consumer seems to have fallen behind as it has not acknowledged receipt of logs.';

export class Subscriber {
  readonly subscription: Subscription;
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = { records: 0, bytes: 0 };
  #timer: Cancel | undefined;
  #sending: Delivery | undefined;
  /** A batch that did not get through while the sandbox stood still. */
  #held: { readonly batch: Batch; readonly attempt: number } | undefined;
  #resting = false;
  #leaving = false;
  #over = false;

  constructor(subscription: Subscription, clock: Clock, deliver: Deliver) {
    this.subscription = subscription;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** `item` is an event as JSON. */
  push(item: string): void {
    if (this.#over) return;
    const { maxItems, maxBytes, timeoutMs } = this.subscription.buffering;
    const bytes = Buffer.byteLength(item);
    const full =
      this.#waiting.length >= maxItems * backlogBatchesMax ||
      this.#waitingBytes + bytes > maxBytes * backlogBatchesMax;
    if (full) {
      this.#drop(1, bytes);
      return;
    }
    this.#waiting.push(item);
    this.#waitingBytes += bytes;
    if (this.#waiting.length >= maxItems || this.#waitingBytes >= maxBytes) this.flush();
    else this.#timer ??= this.#clock.after(timeoutMs, () => this.flush());
  }

  /** What waits goes out now. */
  flush(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#over) return;
    const batch = this.#takeBatch();
    if (batch !== undefined) this.#send(batch, 1);
  }

  /** The sandbox stands still from now on: what does not get through then is not lost, and tried again with `wake`. */
  rest(): void {
    this.flush();
    this.#resting = true;
  }

  wake(): void {
    this.#resting = false;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#send(held.batch, held.attempt);
  }

  /** As `flush`, and from now on nothing waits for a batch to become full. */
  leave(): void {
    this.#leaving = true;
    this.wake();
    this.flush();
  }

  end(): void {
    this.#over = true;
    this.#timer?.();
    this.#timer = undefined;
    this.#waiting = [];
    this.#sending?.cancel();
  }

  #takeBatch(): Batch | undefined {
    if (this.#waiting.length === 0 && this.#dropped.records === 0) return undefined;
    const { maxItems, maxBytes } = this.subscription.buffering;
    let bytes = 0;
    let count = 0;
    for (const item of this.#waiting) {
      const size = Buffer.byteLength(item);
      if (count === maxItems || (count > 0 && bytes + size > maxBytes)) break;
      bytes += size;
      count += 1;
    }
    const items = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    return { items, bytes };
  }

  #send(batch: Batch, attempt: number): void {
    const { records, bytes } = this.#dropped;
    this.#dropped = { records: 0, bytes: 0 };
    const items = records === 0 ? batch.items : [this.#droppedItem(records, bytes), ...batch.items];
    const { destination } = this.subscription;
    const body = destination.protocol === 'HTTP' ? `[${items.join(',')}]` : `${items.join('\n')}\n`;
    const delivery = this.#deliver(destination, body);
    this.#sending = delivery;
    const stop = this.#clock.after(deliveryMsMax, () => {
      // A sandbox that stands still answers when it goes on.
      if (!this.#resting) delivery.cancel();
    });
    void delivery.done.then((taken) => {
      stop();
      if (this.#over) return;
      if (!taken)
        this.#dropped = { records: this.#dropped.records + records, bytes: this.#dropped.bytes + bytes };
      if (taken) this.#next();
      else if (this.#resting) this.#held = { batch, attempt };
      else if (attempt >= deliveryAttemptsMax) {
        this.#drop(batch.items.length, batch.bytes);
        this.#next();
      } else {
        this.#clock.after(deliveryRetryMs * 2 ** attempt, () => {
          if (!this.#over) this.#send(batch, attempt + 1);
        });
      }
    });
  }

  /** The batch is over, one way or the other. */
  #next(): void {
    this.#sending = undefined;
    const { maxItems, maxBytes } = this.subscription.buffering;
    const due = this.#leaving || this.#waiting.length >= maxItems || this.#waitingBytes >= maxBytes;
    if (this.#waiting.length === 0) return;
    if (due) this.flush();
    else this.#timer ??= this.#clock.after(this.subscription.buffering.timeoutMs, () => this.flush());
  }

  #drop(records: number, bytes: number): void {
    this.#dropped = { records: this.#dropped.records + records, bytes: this.#dropped.bytes + bytes };
  }

  #droppedItem(droppedRecords: number, droppedBytes: number): string {
    const time = new Date(this.#clock.wallMs()).toISOString();
    return JSON.stringify({
      time,
      type: 'platform.logsDropped',
      record: { droppedBytes, droppedRecords, reason: lag },
    });
  }
}
