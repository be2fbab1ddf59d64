/** Queues on the thread: the face's side. */
import type { Clock } from '../../clock.ts';
import type { EngineLimits } from '../../limits.ts';
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
import type { Link } from './link.ts';
import { packed } from './packed.ts';
import type { Reception } from './protocol.ts';

export class SqliteQueue implements Queue {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #nowMs: () => number;
  readonly #entropy: Entropy;
  readonly #limits: EngineLimits;

  constructor(link: Link, clock: Clock, entropy: Entropy, limits: EngineLimits) {
    this.#link = link;
    this.#clock = clock;
    this.#nowMs = storeTime(clock);
    this.#entropy = entropy;
    this.#limits = limits;
  }

  async send(queue: string, messages: readonly NewMessage[]): Promise<readonly Sent[]> {
    checkName(queue);
    checkNewMessages(messages);
    const nowMs = this.#nowMs();
    const sentAtMs = this.#clock.wallMs();
    const rows = messages.map(({ body, delayMs = 0, group = null, once }) => ({
      messageId: this.#entropy.uuid(),
      sentAtMs,
      visibleAtMs: nowMs + delayMs,
      delayed: delayMs > 0,
      group,
      once: once && { key: once.key, untilMs: nowMs + once.windowMs },
      bodyBytes: body.byteLength,
    }));
    // The caller keeps its buffers and may change them; the thread gets a copy.
    const bodies = packed(messages.map(({ body }) => body));
    const ask = { queue, nowMs, messages: rows, bodies };
    const { sent } = await this.#link.call('queue.send', ask, { bodies: [bodies] });
    return sent;
  }

  async receive(
    queue: string,
    { max, visibilityTimeoutMs, inGroups = false }: Receiving,
  ): Promise<readonly Message[]> {
    checkName(queue);
    checkLimit(max);
    checkDelay(visibilityTimeoutMs);
    const nowMs = this.#nowMs();
    const visibleAtMs = nowMs + visibilityTimeoutMs;
    const wallMs = this.#clock.wallMs();
    const ask = { queue, nowMs, wallMs, max, visibleAtMs, inGroups };
    const { rows, bodies } = await this.#link.call('queue.receive', ask);
    let offset = 0;
    return rows.map(({ messageId, groupName, bodyBytes, ...rest }) => {
      const row = { ...rest, body: bodies.subarray(offset, offset + bodyBytes) };
      offset += bodyBytes;
      // The sequence finds the message, the count tells receptions apart, and the id cannot be guessed.
      const receipt = `${row.sequence}.${row.receiveCount}.${messageId}`;
      const message = Object.assign(row, { id: messageId, receipt });
      return groupName === null ? message : Object.assign(message, { group: groupName });
    });
  }

  async nextVisibleMs(queue: string, inGroups = false): Promise<number | undefined> {
    checkName(queue);
    const atMs = await this.#link.call('queue.next', { queue, inGroups });
    return atMs === undefined ? undefined : Math.max(0, atMs - this.#nowMs());
  }

  async delete(queue: string, receipt: string): Promise<'deleted' | 'stale'> {
    checkName(queue);
    const reception = receptionOf(queue, receipt);
    if (reception === undefined) return 'stale';
    return (await this.#link.call('queue.delete', reception)) === 'deleted' ? 'deleted' : 'stale';
  }

  async deleteInFlight(queue: string, receipt: string): Promise<InFlightOutcome<'deleted'>> {
    checkName(queue);
    const reception = receptionOf(queue, receipt);
    if (reception === undefined) return 'gone';
    return this.#link.call('queue.delete', { ...reception, nowMs: this.#nowMs() });
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
    const outcome = await this.#link.call('queue.change', { ...reception, visibleAtMs });
    return outcome === 'changed' ? 'changed' : 'stale';
  }

  async changeVisibilityInFlight(
    queue: string,
    receipt: string,
    visibilityTimeoutMs: number,
  ): Promise<InFlightOutcome<'changed'>> {
    checkName(queue);
    checkDelay(visibilityTimeoutMs);
    const reception = receptionOf(queue, receipt);
    if (reception === undefined) return 'gone';
    const nowMs = this.#nowMs();
    return this.#link.call('queue.change', { ...reception, nowMs, visibleAtMs: nowMs + visibilityTimeoutMs });
  }

  async move(queue: string, receipt: string, to: string, moved: MovedMessage): Promise<'moved' | 'stale'> {
    checkName(queue);
    checkName(to);
    checkMoved(moved);
    const reception = receptionOf(queue, receipt);
    if (reception === undefined) return 'stale';
    const { delayMs = 0 } = moved;
    const row = {
      messageId: moved.id ?? this.#entropy.uuid(),
      sentAtMs: moved.sentAtMs ?? this.#clock.wallMs(),
      visibleAtMs: this.#nowMs() + delayMs,
      delayed: delayMs > 0,
      group: moved.group ?? null,
      body: new Uint8Array(moved.body),
    };
    return this.#link.call('queue.move', { ...reception, to, moved: row }, { bodies: [row.body] });
  }

  async depth(queue: string): Promise<Depth> {
    checkName(queue);
    return this.#link.call('queue.depth', { queue, nowMs: this.#nowMs() });
  }

  async purge(queue: string): Promise<void> {
    checkName(queue);
    const through = await this.#link.call('queue.last', { queue });
    await this.#inSteps(async () => this.#link.call('queue.purge', { queue, through }));
  }

  async expire(queue: string, sentBeforeMs: number): Promise<number> {
    checkName(queue);
    return this.#inSteps(async () => this.#link.call('queue.expire', { queue, sentBeforeMs }));
  }

  async drop(queue: string): Promise<void> {
    await this.purge(queue);
    await this.#inSteps(async () => this.#link.call('queue.forget', { queue }));
  }

  /** So that a long sweep does not hold up everyone else's round. */
  async #inSteps(step: () => Promise<number>): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await step();
      total += deleted;
      if (deleted < this.#limits.trimRecordsMax) return total;
    }
  }
}

/** Receipts come from outside, so one that was never given out is as stale as one that was. */
function receptionOf(queue: string, receipt: string): Reception | undefined {
  const match = /^([1-9]\d{0,14})\.([1-9]\d{0,14})\.([0-9a-f-]{36})$/.exec(receipt);
  if (match === null) return undefined;
  const [, sequence, receiveCount, messageId = ''] = match;
  return { queue, sequence: Number(sequence), receiveCount: Number(receiveCount), messageId };
}
