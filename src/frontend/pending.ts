/** Waits, within a bound, for versions that are Pending to become something else. */
import type { MetadataCache, Resolution } from '#metadata';
import type { Clock } from '#platform';
import { pendingWaitMs, pendingWaitersMax } from './limits.ts';

export class PendingVersions {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(metadata: MetadataCache, clock: Clock) {
    this.#clock = clock;
    metadata.onVersionChange(() => {
      for (const look of this.#waiting) look();
    });
  }

  /** Resolves with what `resolve` finds once that is no pending version, or with the last finding when the time is up. */
  async settled(resolve: () => Resolution): Promise<Resolution> {
    const found = resolve();
    if (!isPending(found) || this.#waiting.size >= pendingWaitersMax) return found;
    const { promise, resolve: done } = Promise.withResolvers<Resolution>();
    let last = found;
    const look = (): void => {
      last = resolve();
      if (!isPending(last)) done(last);
    };
    this.#waiting.add(look);
    const cancel = this.#clock.after(pendingWaitMs, () => done(last));
    try {
      return await promise;
    } finally {
      cancel();
      this.#waiting.delete(look);
    }
  }
}

function isPending(resolution: Resolution): boolean {
  return resolution.kind === 'found' && resolution.version.state === 'Pending';
}
