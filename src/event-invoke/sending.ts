/**
 * Sends together what comes in one turn of the event loop to one shard: one request of the store instead of one for each event. Everybody hears of
 * its own event, once it is durable.
 */
import type { Queue } from '#platform';
import { sendBytesMax, sendEventsMax } from './limits.ts';

interface Batch {
  readonly messages: { readonly body: Uint8Array }[];
  bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

export class Sending {
  readonly #queue: Pick<Queue, 'send'>;
  #batches = new Map<string, Batch>();

  constructor(queue: Pick<Queue, 'send'>) {
    this.#queue = queue;
  }

  /** Resolves once durable; rejects as the queue does. */
  send(shard: string, body: Uint8Array): Promise<void> {
    if (this.#batches.size === 0) setImmediate(() => this.#flush());
    let batch = this.#batches.get(shard);
    if (batch === undefined) {
      batch = { messages: [], bytes: 0, done: Promise.withResolvers<void>() };
      this.#batches.set(shard, batch);
    }
    batch.messages.push({ body });
    batch.bytes += body.byteLength;
    if (batch.messages.length >= sendEventsMax || batch.bytes >= sendBytesMax) {
      this.#batches.delete(shard);
      this.#send(shard, batch);
    }
    return batch.done.promise;
  }

  #flush(): void {
    const batches = this.#batches;
    this.#batches = new Map();
    for (const [shard, batch] of batches) this.#send(shard, batch);
  }

  #send(shard: string, { messages, done }: Batch): void {
    this.#queue.send(shard, messages).then(() => done.resolve(), done.reject);
  }
}
