/**
 * Changes of one thing, one after the other in this process, so that many at once do not make each other try in vain. What other processes change
 * is noticed at the commit, and then decided anew.
 */
import type { RegistryLimits } from '../limits.ts';
import { OciError } from '../oci/oci-error.ts';

export class Attempts {
  readonly #attemptsMax: number;
  /** The last of those that wait, by what they change. */
  readonly #lasts = new Map<string, Promise<unknown>>();

  constructor({ commitAttemptsMax }: Pick<RegistryLimits, 'commitAttemptsMax'>) {
    this.#attemptsMax = commitAttemptsMax;
  }

  /** `attempt` resolves with false when what it had read was changed by then. */
  async make<Result>(
    thing: string,
    attempt: () => Promise<false | { readonly result: Result }>,
  ): Promise<Result> {
    const before = this.#lasts.get(thing);
    const mine = this.#after(before, attempt);
    const settled = mine.then(
      () => {},
      () => {},
    );
    this.#lasts.set(thing, settled);
    try {
      return await mine;
    } finally {
      if (this.#lasts.get(thing) === settled) this.#lasts.delete(thing);
    }
  }

  async #after<Result>(
    before: Promise<unknown> | undefined,
    attempt: () => Promise<false | { readonly result: Result }>,
  ): Promise<Result> {
    await before;
    for (let made = 0; made < this.#attemptsMax; made += 1) {
      const outcome = await attempt();
      if (outcome !== false) return outcome.result;
    }
    throw new OciError('UNAVAILABLE', 'The registry is changed by too many at once. Try again.');
  }
}
