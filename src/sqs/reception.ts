/**
 * Taking messages from a queue: those that are too old are deleted on the way, those that were received too often move to the dead-letter
 * queue, and the others are handed out.
 */
import type { Clock, Message, Queue as MessageQueue } from '#platform';
import { WireError } from '#wire';
import type { Catalogue } from './catalogue.ts';
import { passedOverMax, type SqsLimits } from './limits.ts';
import type { Queue } from './queue.ts';
import { receiptHandle } from './receipts.ts';
import { decodeContent, encodeContent, type MessageContent } from './stored-message.ts';

export interface Delivery {
  readonly id: string;
  readonly receiptHandle: string;
  readonly content: MessageContent;
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  readonly receiveCount: number;
  readonly sequence: number;
}

interface Load {
  inFlight: number;
  countedAtMs: number;
}

export class Reception {
  readonly #messages: MessageQueue;
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  readonly #limits: SqsLimits;
  /** What is thought to be in flight, by stored name: never less than there is from this process. */
  readonly #loads = new Map<string, Load>();
  /** Hears of messages that came to a queue by its stored name. */
  readonly #arrived: (stored: string) => void;

  constructor(options: {
    readonly messages: MessageQueue;
    readonly catalogue: Catalogue;
    readonly clock: Clock;
    readonly limits: SqsLimits;
    readonly arrived: (stored: string) => void;
  }) {
    this.#messages = options.messages;
    this.#catalogue = options.catalogue;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#arrived = options.arrived;
  }

  /** Throws OverLimit where too much of a standard queue is in flight; a FIFO queue then gives nothing. */
  async take(queue: Queue, max: number, visibilityTimeoutMs: number): Promise<readonly Delivery[]> {
    const { stored, settings } = queue;
    if (await this.#isFull(stored)) {
      if (settings.fifo) return [];
      const message = `The maximum number of in flight messages is reached: ${this.#limits.inFlightMax}.`;
      throw new WireError('OverLimit', message);
    }
    const deliveries: Delivery[] = [];
    for (let passedOver = 0; deliveries.length < max && passedOver < passedOverMax;) {
      const wanted = max - deliveries.length;
      const received = await this.#messages.receive(stored, {
        max: wanted,
        visibilityTimeoutMs,
        inGroups: settings.fifo,
      });
      const kept = (await Promise.all(received.map((message) => this.#sift(queue, message)))).filter(
        (delivery) => delivery !== undefined,
      );
      deliveries.push(...kept);
      passedOver += received.length - kept.length;
      // More only where something was passed over: what is there was given.
      if (kept.length === received.length) break;
    }
    this.#loadOf(stored).inFlight += deliveries.length;
    return deliveries;
  }

  /** Messages that were in flight are not any more. */
  left(stored: string, count: number): void {
    const load = this.#loads.get(stored);
    if (load !== undefined) load.inFlight = Math.max(0, load.inFlight - count);
  }

  forget(stored: string): void {
    this.#loads.delete(stored);
  }

  async #sift(queue: Queue, message: Message): Promise<Delivery | undefined> {
    const { settings, stored, record } = queue;
    const nowMs = this.#clock.wallMs();
    if (message.sentAtMs + settings.retentionMs <= nowMs) {
      await this.#messages.delete(stored, message.receipt);
      return undefined;
    }
    const content = decodeContent(message.body);
    if (await this.#isDead(queue, message, content)) return undefined;
    const { id, receipt, sentAtMs, firstReceivedAtMs, receiveCount, sequence } = message;
    return {
      id,
      receiptHandle: receiptHandle({ queueId: record.id, receivedAtMs: nowMs, receipt }),
      content,
      sentAtMs,
      firstReceivedAtMs,
      receiveCount,
      sequence,
    };
  }

  /** Whether the message has moved to the dead-letter queue. Where that one is gone, messages stay. */
  async #isDead(
    { settings, stored, arn }: Queue,
    message: Message,
    content: MessageContent,
  ): Promise<boolean> {
    const { redrive } = settings;
    if (redrive === undefined || message.receiveCount <= redrive.maxReceiveCount) return false;
    const target = this.#catalogue.findByArn(redrive.deadLetterTargetArn);
    if (target === undefined) return false;
    const body = encodeContent({ ...content, deadLetterSourceArn: arn });
    const { id, receipt, sentAtMs, group } = message;
    // The age of a message goes on in a standard queue, and begins anew in a FIFO queue.
    const moved = settings.fifo
      ? { body, id, ...(group === undefined ? {} : { group }) }
      : { body, id, sentAtMs };
    await this.#messages.move(stored, receipt, target.stored, moved);
    this.#arrived(target.stored);
    return true;
  }

  #loadOf(stored: string): Load {
    let load = this.#loads.get(stored);
    if (load === undefined) this.#loads.set(stored, (load = { inFlight: 0, countedAtMs: -Infinity }));
    return load;
  }

  async #isFull(stored: string): Promise<boolean> {
    const load = this.#loadOf(stored);
    const nowMs = this.#clock.monotonicMs();
    // The first look counts what an earlier run has left in flight.
    const unknown = load.countedAtMs === -Infinity;
    if (!unknown && load.inFlight < this.#limits.inFlightMax) return false;
    if (unknown || nowMs - load.countedAtMs >= this.#limits.recountMs) {
      load.countedAtMs = nowMs;
      load.inFlight = (await this.#messages.depth(stored)).inFlight;
    }
    return load.inFlight >= this.#limits.inFlightMax;
  }
}
