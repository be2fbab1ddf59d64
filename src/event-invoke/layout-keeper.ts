/**
 * Looks after the layout: asks the queue manager now and then, stores what it answers, and lets everybody know. Stored before it is used: an event in a
 * shard that nobody knows of would never be found.
 */
import type { Clock, Documents, Queue } from '#platform';
import type { Depths } from './depths.ts';
import { loadLayout, storeLayout, type StoredLayout } from './layout-record.ts';
import type { Limits } from './limits.ts';
import { type Layout, shardsOf } from './placement.ts';
import { QueueManager, type Sample } from './queue-manager.ts';

export interface LayoutKeeperOptions {
  readonly documents: Documents;
  readonly queue: Pick<Queue, 'depth'>;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly depths: Depths;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class LayoutKeeper {
  readonly #options: LayoutKeeperOptions;
  readonly #manager: QueueManager;
  readonly #ending = new AbortController();
  #stored: StoredLayout;

  private constructor(options: LayoutKeeperOptions, stored: StoredLayout) {
    this.#options = options;
    this.#stored = stored;
    this.#manager = new QueueManager(stored.layout, options.limits);
  }

  /** Resolves once the layout is known, and how many events stand in each shard. */
  static async open(options: LayoutKeeperOptions): Promise<LayoutKeeper> {
    const { documents, depths, limits } = options;
    const keeper = new LayoutKeeper(options, await loadLayout(documents, limits.shardsMin));
    const count = async (shard: string): Promise<void> =>
      depths.correct(shard, await keeper.#standing(shard));
    await Promise.all(shardsOf(keeper.layout).map(count));
    return keeper;
  }

  get layout(): Layout {
    return this.#stored.layout;
  }

  /** `sample` is asked at each look; `changed` hears of every new layout. */
  start(sample: () => Omit<Sample, 'depthOf'>, changed: (layout: Layout) => void): void {
    const { clock, limits } = this.#options;
    const { signal } = this.#ending;
    const later = (): void => {
      if (signal.aborted) return;
      const cancel = clock.after(limits.manageMs, () => {
        signal.removeEventListener('abort', cancel);
        void this.#look(sample, changed).finally(later);
      });
      signal.addEventListener('abort', cancel, { once: true });
    };
    later();
  }

  stop(): void {
    this.#ending.abort();
  }

  async #look(sample: () => Omit<Sample, 'depthOf'>, changed: (layout: Layout) => void): Promise<void> {
    const { documents, limits, depths, onTrouble } = this.#options;
    try {
      for (const shard of this.layout.draining.filter((name) => depths.of(name) === 0)) {
        // Before it is forgotten the store is asked.
        depths.correct(shard, await this.#standing(shard));
      }
      const next = this.#manager.look({ ...sample(), depthOf: depths.of });
      if (next === undefined) return;
      const before = shardsOf(this.layout);
      this.#stored =
        (await storeLayout(documents, next, this.#stored.revision)) ??
        (await loadLayout(documents, limits.shardsMin));
      const after = new Set(shardsOf(this.layout));
      for (const shard of before) if (!after.has(shard)) depths.forget(shard);
      changed(this.layout);
    } catch (error) {
      onTrouble('the layout of the event queues could not be looked after', error);
    }
    this.#manager.replace(this.layout);
  }

  async #standing(shard: string): Promise<number> {
    const { visible, inFlight, delayed } = await this.#options.queue.depth(shard);
    return visible + inFlight + delayed;
  }
}
