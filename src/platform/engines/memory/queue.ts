/** Queues in memory: per queue, its messages in order of the time at which they become visible, then of sending. */
import { assert } from '#lib/assert';
import { engineLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { Clock } from '../../clock.ts';
import type { Depth, Message, Queue } from '../../queue.ts';
import type { Entropy } from '../../random.ts';
import { checkBodies, checkDelay, checkLimit, checkName } from '../checks.ts';
import { storeTime } from '../store-time.ts';

interface Stored {
  readonly sequence: number;
  readonly id: string;
  readonly body: Uint8Array;
  readonly sentAtMs: number;
  visibleAtMs: number;
  receiveCount: number;
}

interface Messages {
  readonly bySequence: Map<number, Stored>;
  /** All of them, by `isBefore`. */
  readonly order: Stored[];
}

export class MemoryQueue implements Queue {
  #sequence = 0;
  readonly #queues = new Map<string, Messages>();
  readonly #clock: Clock;
  readonly #nowMs: () => number;
  readonly #entropy: Entropy;
  readonly #limits: EngineLimits;

  constructor(clock: Clock, entropy: Entropy, limits: Partial<EngineLimits> = {}) {
    this.#clock = clock;
    this.#nowMs = storeTime(clock);
    this.#entropy = entropy;
    this.#limits = { ...engineLimits, ...limits };
  }

  async send(
    queue: string,
    messages: readonly { readonly body: Uint8Array; readonly delayMs?: number }[],
  ): Promise<readonly string[]> {
    checkName(queue);
    checkBodies(messages.map(({ body }) => body));
    for (const { delayMs = 0 } of messages) checkDelay(delayMs);
    const found: Messages = this.#queues.get(queue) ?? { bySequence: new Map(), order: [] };
    this.#queues.set(queue, found);
    return messages.map(({ body, delayMs = 0 }) => {
      this.#sequence += 1;
      const message: Stored = {
        sequence: this.#sequence,
        id: this.#entropy.uuid(),
        body: new Uint8Array(body),
        sentAtMs: this.#clock.wallMs(),
        visibleAtMs: this.#nowMs() + delayMs,
        receiveCount: 0,
      };
      found.bySequence.set(message.sequence, message);
      found.order.splice(place(found.order, message), 0, message);
      return message.id;
    });
  }

  async receive(
    queue: string,
    { max, visibilityTimeoutMs }: { readonly max: number; readonly visibilityTimeoutMs: number },
  ): Promise<readonly Message[]> {
    checkName(queue);
    checkLimit(max);
    checkDelay(visibilityTimeoutMs);
    const nowMs = this.#nowMs();
    const found = this.#queues.get(queue);
    if (found === undefined) return [];
    const received: Stored[] = [];
    let bytes = 0;
    for (const message of found.order) {
      bytes += message.body.byteLength;
      const enough = received.length === max || (received.length > 0 && bytes > this.#limits.answerBytesMax);
      if (enough || message.visibleAtMs > nowMs) break;
      received.push(message);
    }
    for (const message of received) {
      message.receiveCount += 1;
      this.#move(found, message, nowMs + visibilityTimeoutMs);
    }
    return received.map((message) => ({
      id: message.id,
      receipt: receiptOf(message),
      body: new Uint8Array(message.body),
      sentAtMs: message.sentAtMs,
      receiveCount: message.receiveCount,
    }));
  }

  async delete(queue: string, receipt: string): Promise<'deleted' | 'stale'> {
    checkName(queue);
    const found = this.#queues.get(queue);
    const message = this.#byReceipt(found, receipt);
    if (found === undefined || message === undefined) return 'stale';
    found.order.splice(place(found.order, message), 1);
    found.bySequence.delete(message.sequence);
    return 'deleted';
  }

  async changeVisibility(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<'changed' | 'stale'> {
    checkName(queue);
    checkDelay(visibilityTimeoutMs);
    const found = this.#queues.get(queue);
    const message = this.#byReceipt(found, receipt);
    if (found === undefined || message === undefined) return 'stale';
    this.#move(found, message, this.#nowMs() + visibilityTimeoutMs);
    return 'changed';
  }

  async depth(queue: string): Promise<Depth> {
    checkName(queue);
    const nowMs = this.#nowMs();
    const order = this.#queues.get(queue)?.order ?? [];
    const hidden = order.filter(({ visibleAtMs }) => visibleAtMs > nowMs);
    const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0).length;
    return { visible: order.length - hidden.length, inFlight: hidden.length - delayed, delayed };
  }

  #byReceipt(found: Messages | undefined, receipt: string): Stored | undefined {
    const message = found?.bySequence.get(Number(receipt.split('.', 1)[0]));
    return message !== undefined && receiptOf(message) === receipt ? message : undefined;
  }

  #move({ order }: Messages, message: Stored, visibleAtMs: number): void {
    const index = place(order, message);
    assert(order[index] === message, 'a stored message stands at its place');
    order.splice(index, 1);
    message.visibleAtMs = visibleAtMs;
    order.splice(place(order, message), 0, message);
  }
}

/** The sequence finds the message, the count tells receptions apart, and the id cannot be guessed. */
function receiptOf({ sequence, receiveCount, id }: Stored): string {
  return `${sequence}.${receiveCount}.${id}`;
}

/** The index at which `message` stands, or would. */
function place(order: readonly Stored[], message: Stored): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = order[middle];
    if (other !== undefined && isBefore(other, message)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(left: Stored, right: Stored): boolean {
  if (left.visibleAtMs !== right.visibleAtMs) return left.visibleAtMs < right.visibleAtMs;
  return left.sequence < right.sequence;
}
