/** Deletes what is older than its queue keeps messages, queue by queue, now and then. Receivers never see it: they check for themselves. */
import type { Cancel, Clock, Queue as MessageQueue } from '#platform';
import type { Catalogue } from './catalogue.ts';

export class Sweeper {
  readonly #catalogue: Catalogue;
  readonly #messages: MessageQueue;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onFault: (error: unknown) => void;
  #cancel: Cancel | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: {
    readonly catalogue: Catalogue;
    readonly messages: MessageQueue;
    readonly clock: Clock;
    readonly intervalMs: number;
    readonly onFault: (error: unknown) => void;
  }) {
    this.#catalogue = options.catalogue;
    this.#messages = options.messages;
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#onFault = options.onFault;
    this.#wait();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#sweeping;
  }

  #wait(): void {
    if (this.#closed) return;
    this.#cancel = this.#clock.after(this.#intervalMs, () => {
      this.#sweeping = this.#sweep()
        .catch(this.#onFault)
        .then(() => this.#wait());
    });
  }

  async #sweep(): Promise<void> {
    await this.#catalogue.loaded();
    for (const { stored, settings } of this.#catalogue.queues()) {
      if (this.#closed) return;
      await this.#messages.expire(stored, this.#clock.wallMs() - settings.retentionMs + 1);
    }
  }
}
