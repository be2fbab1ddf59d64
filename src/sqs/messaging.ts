/** Sending, receiving, deleting and hiding messages: what both the API and Lambkin's own parts do with a queue. */
import type { Clock, Depth, Queue as MessageQueue } from '#platform';
import { Attempts } from './attempts.ts';
import type { Catalogue } from './catalogue.ts';
import type { SqsLimits } from './limits.ts';
import { visibilitySecondsMax } from './limits.ts';
import type { Prepared } from './outgoing.ts';
import type { Queue } from './queue.ts';
import { parseReceiptHandle, type Receipt, sequenceNumber } from './receipts.ts';
import { type Delivery, Reception } from './reception.ts';
import { WaitingRoom } from './waiting.ts';

export interface SentMessage {
  readonly messageId: string;
  /** Of FIFO queues. */
  readonly sequenceNumber?: string;
}

export interface Receiving {
  readonly max: number;
  readonly visibilityTimeoutMs: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Of FIFO queues. */
  readonly attemptId?: string | undefined;
}

/** `invalid`: no receipt of this queue. `expired`: a FIFO queue's, whose timeout has passed. `gone`: the message is, or has been received again. */
export type ReceiptOutcome = 'done' | 'invalid' | 'expired' | 'gone' | 'beyond-limit';

/** Told of messages, by their queue's name. */
export interface QueueWatch {
  sent(queueName: string, count: number): void;
  /** 0: who asked got nothing. */
  received(queueName: string, count: number): void;
  deleted(queueName: string): void;
}

export class Messaging {
  readonly #messages: MessageQueue;
  readonly #clock: Clock;
  readonly #reception: Reception;
  readonly #waiting: WaitingRoom;
  readonly #attempts: Attempts;
  readonly #watch: QueueWatch | undefined;

  constructor(options: {
    readonly messages: MessageQueue;
    readonly catalogue: Catalogue;
    readonly clock: Clock;
    readonly limits: SqsLimits;
    readonly watch?: QueueWatch | undefined;
  }) {
    const { messages, catalogue, clock, limits } = options;
    this.#watch = options.watch;
    this.#messages = messages;
    this.#clock = clock;
    this.#waiting = new WaitingRoom({
      clock,
      limits,
      nextVisibleMs: (stored, inGroups) => messages.nextVisibleMs(stored, inGroups),
    });
    this.#reception = new Reception({
      messages,
      catalogue,
      clock,
      limits,
      arrived: (stored) => this.#waiting.ring(stored),
    });
    this.#attempts = new Attempts(clock, limits.attemptsMax);
  }

  /** Resolves once all are durable. */
  async send(queue: Queue, prepared: readonly Prepared[]): Promise<readonly SentMessage[]> {
    const sent = await this.#messages.send(
      queue.stored,
      prepared.map(({ message }) => message),
    );
    this.#waiting.ring(queue.stored);
    this.#watch?.sent(queue.record.name, sent.length);
    return sent.map(({ id, sequence }) =>
      queue.settings.fifo ? { messageId: id, sequenceNumber: sequenceNumber(sequence) } : { messageId: id },
    );
  }

  /** `full` where too many wait already. Throws OverLimit where too much is in flight. */
  async receive(queue: Queue, receiving: Receiving): Promise<readonly Delivery[] | 'full'> {
    const { max, visibilityTimeoutMs, waitMs, signal, attemptId } = receiving;
    const { id } = queue.record;
    const before = attemptId === undefined ? undefined : this.#attempts.find(id, attemptId);
    if (before !== undefined && (await this.#hideAgain(queue, before, visibilityTimeoutMs))) return before;
    const taken = await this.#waiting.wait(
      { stored: queue.stored, inGroups: queue.settings.fifo },
      {
        take: () => this.#reception.take(queue, max, visibilityTimeoutMs),
        giveBack: (deliveries) => this.#giveBack(queue, deliveries),
      },
      waitMs,
      signal,
    );
    if (attemptId !== undefined && taken !== 'full' && taken.length > 0) {
      this.#attempts.keep(id, attemptId, taken);
    }
    if (taken !== 'full') this.#watch?.received(queue.record.name, taken.length);
    return taken;
  }

  async delete(queue: Queue, handle: string): Promise<ReceiptOutcome> {
    const outcome = await this.#delete(queue, handle);
    if (outcome === 'done') this.#watch?.deleted(queue.record.name);
    return outcome;
  }

  async #delete(queue: Queue, handle: string): Promise<ReceiptOutcome> {
    const receipt = this.#receiptOf(queue, handle);
    if (receipt === undefined) return 'invalid';
    const { stored, settings } = queue;
    if (!settings.fifo) {
      const outcome = await this.#messages.delete(stored, receipt.receipt);
      if (outcome === 'deleted') this.#reception.left(stored, 1);
      return 'done';
    }
    const outcome = await this.#messages.deleteInFlight(stored, receipt.receipt);
    if (outcome === 'stale' || outcome === 'visible') return 'expired';
    if (outcome === 'gone') return 'done';
    this.#reception.left(stored, 1);
    // Its group may go on.
    this.#waiting.ring(stored);
    return 'done';
  }

  async changeVisibility(queue: Queue, handle: string, timeoutMs: number): Promise<ReceiptOutcome> {
    const receipt = this.#receiptOf(queue, handle);
    if (receipt === undefined) return 'invalid';
    const endMs = this.#clock.wallMs() + timeoutMs;
    if (timeoutMs > 0 && endMs - receipt.receivedAtMs > visibilitySecondsMax * 1000) return 'beyond-limit';
    const { stored, settings } = queue;
    const outcome = settings.fifo
      ? await this.#messages.changeVisibilityInFlight(stored, receipt.receipt, timeoutMs)
      : await this.#messages.changeVisibility(stored, receipt.receipt, timeoutMs);
    if (outcome === 'visible' || (settings.fifo && outcome === 'stale')) return 'expired';
    if (outcome !== 'changed') return 'gone';
    if (timeoutMs === 0) this.#reception.left(stored, 1);
    this.#waiting.ring(stored);
    return 'done';
  }

  /** A message came to the queue by another way. */
  arrived(queue: Queue): void {
    this.#waiting.ring(queue.stored);
  }

  async depth(queue: Queue): Promise<Depth> {
    return this.#messages.depth(queue.stored);
  }

  async purge(queue: Queue): Promise<void> {
    await this.#messages.purge(queue.stored);
    this.#reception.forget(queue.stored);
  }

  /** The queue was deleted: who waits for its messages gets nothing. */
  forget(queue: Queue): void {
    this.#reception.forget(queue.stored);
    this.#waiting.dismiss(queue.stored);
  }

  /** Who waits gets nothing, now and from now on. */
  stopWaiting(): void {
    this.#waiting.close();
  }

  #receiptOf({ record }: Queue, handle: string): Receipt | undefined {
    const receipt = parseReceiptHandle(handle);
    return receipt?.queueId === record.id ? receipt : undefined;
  }

  async #hideAgain(queue: Queue, deliveries: readonly Delivery[], timeoutMs: number): Promise<boolean> {
    const outcomes = await Promise.all(
      deliveries.map(({ receiptHandle }) => this.changeVisibility(queue, receiptHandle, timeoutMs)),
    );
    return outcomes.every((outcome) => outcome === 'done');
  }

  /** For a receiver that is gone: what cannot be given back now comes back by its timeout. */
  #giveBack(queue: Queue, deliveries: readonly Delivery[]): void {
    for (const { receiptHandle } of deliveries)
      this.changeVisibility(queue, receiptHandle, 0).catch(() => undefined);
  }
}
