/** Queues in memory: per queue, its messages in order of the time at which they become visible, then of sending. */
import { assert } from '#lib/assert';
import { engineLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { Clock } from '../../clock.ts';
import type {
  Depth,
  InFlightOutcome,
  Message,
  MovedMessage,
  NewMessage,
  Queue,
  Receiving,
  Sent,
} from '../../queue.ts';
import type { Entropy } from '../../random.ts';
import { checkDelay, checkLimit, checkMoved, checkName, checkNewMessages } from '../checks.ts';
import { storeTime } from '../store-time.ts';
import { isFree, MessageStore, receiptOf, type Stored } from './message-store.ts';

export class MemoryQueue implements Queue {
  #sequence = 0;
  readonly #queues = new Map<string, MessageStore>();
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

  async send(queue: string, messages: readonly NewMessage[]): Promise<readonly Sent[]> {
    checkName(queue);
    checkNewMessages(messages);
    const nowMs = this.#nowMs();
    const store = this.#storeFor(queue);
    return messages.map(({ body, delayMs = 0, group, once }) => {
      const first = once && store.keys.get(once.key);
      if (first !== undefined && first.untilMs > nowMs) {
        return { id: first.id, sequence: first.sequence, duplicate: true };
      }
      const { id, sequence } = this.#store(store, { body, group }, nowMs + delayMs);
      if (once !== undefined) store.keys.set(once.key, { id, sequence, untilMs: nowMs + once.windowMs });
      return { id, sequence, duplicate: false };
    });
  }

  async receive(
    queue: string,
    { max, visibilityTimeoutMs, inGroups = false }: Receiving,
  ): Promise<readonly Message[]> {
    checkName(queue);
    checkLimit(max);
    checkDelay(visibilityTimeoutMs);
    const nowMs = this.#nowMs();
    const store = this.#queues.get(queue);
    if (store === undefined) return [];
    const received: Stored[] = [];
    let bytes = 0;
    for (const message of inGroups ? store.visibleInGroups(nowMs) : store.visible(nowMs)) {
      bytes += message.body.byteLength;
      const enough = received.length === max || (received.length > 0 && bytes > this.#limits.answerBytesMax);
      if (enough) break;
      received.push(message);
    }
    for (const message of received) {
      message.receiveCount += 1;
      message.firstReceivedAtMs ??= this.#clock.wallMs();
      store.show(message, nowMs + visibilityTimeoutMs);
    }
    return received.map(messageOf);
  }

  async nextVisibleMs(queue: string, inGroups = false): Promise<number | undefined> {
    checkName(queue);
    const store = this.#queues.get(queue);
    const atMs = inGroups ? store?.nextGroupAtMs() : store?.order[0]?.visibleAtMs;
    return atMs === undefined ? undefined : Math.max(0, atMs - this.#nowMs());
  }

  async delete(queue: string, receipt: string): Promise<'deleted' | 'stale'> {
    checkName(queue);
    const store = this.#queues.get(queue);
    const message = store?.held(receipt);
    if (store === undefined || message === undefined) return 'stale';
    store.remove(message);
    return 'deleted';
  }

  async deleteInFlight(queue: string, receipt: string): Promise<InFlightOutcome<'deleted'>> {
    checkName(queue);
    return this.#notInFlight(queue, receipt) ?? (await this.delete(queue, receipt));
  }

  async changeVisibility(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<'changed' | 'stale'> {
    checkName(queue);
    checkDelay(visibilityTimeoutMs);
    const store = this.#queues.get(queue);
    const message = store?.held(receipt);
    if (store === undefined || message === undefined) return 'stale';
    store.show(message, this.#nowMs() + visibilityTimeoutMs);
    return 'changed';
  }

  async changeVisibilityInFlight(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<InFlightOutcome<'changed'>> {
    checkName(queue);
    checkDelay(visibilityTimeoutMs);
    const outcome = this.#notInFlight(queue, receipt);
    return outcome ?? (await this.changeVisibility(queue, receipt, visibilityTimeoutMs));
  }

  async move(queue: string, receipt: string, to: string, moved: MovedMessage): Promise<'moved' | 'stale'> {
    checkName(queue);
    checkName(to);
    checkMoved(moved);
    const store = this.#queues.get(queue);
    const message = store?.held(receipt);
    if (store === undefined || message === undefined) return 'stale';
    store.remove(message);
    this.#store(this.#storeFor(to), moved, this.#nowMs() + (moved.delayMs ?? 0));
    return 'moved';
  }

  async depth(queue: string): Promise<Depth> {
    checkName(queue);
    const nowMs = this.#nowMs();
    const order = this.#queues.get(queue)?.order ?? [];
    const hidden = order.filter((message) => !isFree(message, nowMs));
    const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0).length;
    return { visible: order.length - hidden.length, inFlight: hidden.length - delayed, delayed };
  }

  async purge(queue: string): Promise<void> {
    checkName(queue);
    this.#queues.get(queue)?.clear();
  }

  async expire(queue: string, sentBeforeMs: number): Promise<number> {
    checkName(queue);
    const store = this.#queues.get(queue);
    const old = store?.order.filter(({ sentAtMs }) => sentAtMs < sentBeforeMs) ?? [];
    for (const message of old) store?.remove(message);
    return old.length;
  }

  async drop(queue: string): Promise<void> {
    checkName(queue);
    this.#queues.delete(queue);
  }

  #notInFlight(queue: string, receipt: string): 'visible' | 'stale' | 'gone' | undefined {
    const message = this.#queues.get(queue)?.named(receipt);
    if (message === undefined) return 'gone';
    if (receiptOf(message) !== receipt) return 'stale';
    return isFree(message, this.#nowMs()) ? 'visible' : undefined;
  }

  #storeFor(queue: string): MessageStore {
    const found = this.#queues.get(queue) ?? new MessageStore();
    this.#queues.set(queue, found);
    return found;
  }

  #store(
    store: MessageStore,
    message: Omit<MovedMessage, 'group'> & { readonly group?: string | undefined },
    visibleAtMs: number,
  ): Stored {
    this.#sequence += 1;
    const stored: Stored = {
      sequence: this.#sequence,
      id: message.id ?? this.#entropy.uuid(),
      group: message.group,
      body: new Uint8Array(message.body),
      sentAtMs: message.sentAtMs ?? this.#clock.wallMs(),
      firstReceivedAtMs: undefined,
      visibleAtMs,
      receiveCount: 0,
    };
    assert(!store.bySequence.has(stored.sequence), 'a sequence is given once');
    store.add(stored);
    return stored;
  }
}

function messageOf(stored: Stored): Message {
  const { id, sequence, sentAtMs, firstReceivedAtMs = sentAtMs, receiveCount, group } = stored;
  const body = new Uint8Array(stored.body);
  const receipt = receiptOf(stored);
  const message = { id, sequence, receipt, body, sentAtMs, firstReceivedAtMs, receiveCount };
  return group === undefined ? message : { ...message, group };
}
