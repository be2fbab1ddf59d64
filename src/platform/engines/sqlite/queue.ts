/** Queues on the thread: the face's side. */
import type { Clock } from '../../clock.ts';
import type { Depth, Message, Queue } from '../../queue.ts';
import type { Entropy } from '../../random.ts';
import { checkBodies, checkDelay, checkLimit, checkName } from '../checks.ts';
import { storeTime } from '../store-time.ts';
import type { Link } from './link.ts';
import type { Reception } from './protocol.ts';

export class SqliteQueue implements Queue {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #nowMs: () => number;
  readonly #entropy: Entropy;

  constructor(link: Link, clock: Clock, entropy: Entropy) {
    this.#link = link;
    this.#clock = clock;
    this.#nowMs = storeTime(clock);
    this.#entropy = entropy;
  }

  async send(
    queue: string,
    messages: readonly { readonly body: Uint8Array; readonly delayMs?: number }[],
  ): Promise<readonly string[]> {
    checkName(queue);
    checkBodies(messages.map(({ body }) => body));
    for (const { delayMs = 0 } of messages) checkDelay(delayMs);
    const nowMs = this.#nowMs();
    const rows = messages.map(({ body, delayMs = 0 }) => ({
      messageId: this.#entropy.uuid(),
      visibleAtMs: nowMs + delayMs,
      // The caller keeps its buffer and may change it; the thread gets a copy.
      body: new Uint8Array(body),
    }));
    const ask = { queue, sentAtMs: this.#clock.wallMs(), messages: rows };
    await this.#link.call('queue.send', ask, { bodies: rows.map(({ body }) => body) });
    return rows.map(({ messageId }) => messageId);
  }

  async receive(
    queue: string,
    { max, visibilityTimeoutMs }: { readonly max: number; readonly visibilityTimeoutMs: number },
  ): Promise<readonly Message[]> {
    checkName(queue);
    checkLimit(max);
    checkDelay(visibilityTimeoutMs);
    const nowMs = this.#nowMs();
    const visibleAtMs = nowMs + visibilityTimeoutMs;
    const rows = await this.#link.call('queue.receive', { queue, nowMs, max, visibleAtMs });
    return rows.map(({ sequence, messageId, sentAtMs, receiveCount, body }) => ({
      id: messageId,
      // The sequence finds the message, the count tells receptions apart, and the id cannot be guessed.
      receipt: `${sequence}.${receiveCount}.${messageId}`,
      body,
      sentAtMs,
      receiveCount,
    }));
  }

  async delete(queue: string, receipt: string): Promise<'deleted' | 'stale'> {
    checkName(queue);
    const reception = receptionOf(queue, receipt);
    return reception === undefined ? 'stale' : this.#link.call('queue.delete', reception);
  }

  async changeVisibility(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<'changed' | 'stale'> {
    checkName(queue);
    checkDelay(visibilityTimeoutMs);
    const reception = receptionOf(queue, receipt);
    if (reception === undefined) return 'stale';
    const visibleAtMs = this.#nowMs() + visibilityTimeoutMs;
    return this.#link.call('queue.change', { ...reception, visibleAtMs });
  }

  async depth(queue: string): Promise<Depth> {
    checkName(queue);
    return this.#link.call('queue.depth', { queue, nowMs: this.#nowMs() });
  }
}

/** Receipts come from outside, so one that was never given out is as stale as one that was. */
function receptionOf(queue: string, receipt: string): Reception | undefined {
  const match = /^([1-9]\d{0,14})\.([1-9]\d{0,14})\.([0-9a-f-]{36})$/.exec(receipt);
  if (match === null) return undefined;
  const [, sequence, receiveCount, messageId = ''] = match;
  return { queue, sequence: Number(sequence), receiveCount: Number(receiveCount), messageId };
}
