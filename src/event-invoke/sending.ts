/**
 * Sends together what comes to one shard while the store is busy with what came before: one request of the store instead of one for each event. Everybody
 * hears of its own event, once it is durable.
 *
 *     events   a b   c d e   f g h i
 *     sends    [a b] [c d e]                 two are on their way: one that the store works on, and one that it finds when it is done
 *                            f g h i         these wait for an answer, and then go together
 */
import type { Queue } from '#platform';
import { sendBytesMax, sendEventsMax, sendsAtOnceMax } from './limits.ts';

interface Batch {
  readonly messages: { readonly body: Uint8Array }[];
  bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

export class Sending {
  readonly #queue: Pick<Queue, 'send'>;
  /** What waits, by shard. */
  readonly #batches = new Map<string, Batch>();
  /** Sends that are on their way, by shard. */
  readonly #sends = new Map<string, number>();
  #flushing = false;

  constructor(queue: Pick<Queue, 'send'>) {
    this.#queue = queue;
  }

  /** Resolves once durable; rejects as the queue does. */
  send(shard: string, body: Uint8Array): Promise<void> {
    let batch = this.#batches.get(shard);
    if (batch === undefined) {
      batch = { messages: [], bytes: 0, done: Promise.withResolvers<void>() };
      this.#batches.set(shard, batch);
      this.#flushSoon();
    }
    batch.messages.push({ body });
    batch.bytes += body.byteLength;
    if (batch.messages.length >= sendEventsMax || batch.bytes >= sendBytesMax) this.#send(shard, batch);
    return batch.done.promise;
  }

  /** At the end of this turn of the event loop, so that what comes in it goes together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      for (const [shard, batch] of this.#batches) {
        if ((this.#sends.get(shard) ?? 0) < sendsAtOnceMax) this.#send(shard, batch);
      }
    });
  }

  #send(shard: string, { messages, done }: Batch): void {
    this.#batches.delete(shard);
    this.#sends.set(shard, (this.#sends.get(shard) ?? 0) + 1);
    this.#queue.send(shard, messages).then(
      () => {
        this.#sent(shard);
        done.resolve();
      },
      (error: unknown) => {
        this.#sent(shard);
        done.reject(error);
      },
    );
  }

  #sent(shard: string): void {
    const left = (this.#sends.get(shard) ?? 0) - 1;
    if (left > 0) this.#sends.set(shard, left);
    else this.#sends.delete(shard);
    if (this.#batches.has(shard)) this.#flushSoon();
  }
}
