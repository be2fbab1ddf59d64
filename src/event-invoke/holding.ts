/** The messages that a poller has in hand: hidden from others again and again for as long as they are being worked on. */
import type { Clock, Message, Queue } from '#platform';
import type { Limits } from './limits.ts';

interface Held {
  readonly shard: string;
  readonly receipt: string;
  readonly bytes: number;
  hiddenAtMs: number;
}

export interface HoldingOptions {
  readonly queue: Pick<Queue, 'changeVisibility'>;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'visibilityMs' | 'renewMs'>;
  readonly onTrouble: (error: unknown) => void;
}

export class Holding {
  readonly #options: HoldingOptions;
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: HoldingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(shard: string, { receipt, body }: Message): void {
    const bytes = body.byteLength;
    this.#held.set(receipt, { shard, receipt, bytes, hiddenAtMs: this.#options.clock.monotonicMs() });
    this.#bytes += bytes;
  }

  remove({ receipt }: Message): void {
    this.#bytes -= this.#held.get(receipt)?.bytes ?? 0;
    this.#held.delete(receipt);
    if (this.#held.size === 0) this.#idle?.resolve();
  }

  /** To be called every `renewMs`. */
  renew(): void {
    const { queue, clock, limits, onTrouble } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const held of this.#held.values()) {
      if (nowMs - held.hiddenAtMs < limits.renewMs / 2) continue;
      held.hiddenAtMs = nowMs;
      queue.changeVisibility(held.shard, held.receipt, limits.visibilityMs).catch(onTrouble);
    }
  }

  /** Resolves when nothing is in hand, or after `graceMs`. */
  async emptied(graceMs: number): Promise<void> {
    if (this.#held.size === 0 || graceMs <= 0) return;
    this.#idle ??= Promise.withResolvers();
    const { promise, resolve } = this.#idle;
    const cancel = this.#options.clock.after(graceMs, resolve);
    await promise;
    cancel();
  }
}
