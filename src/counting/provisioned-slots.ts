/**
 * The slots of one function that are set apart for its versions with provisioned concurrency. Pure.
 *
 *     version 3: 4 of 10 in use     held = Σ max(provisioned, in use): what nobody else may use
 */
import { assert } from '#lib/assert';

export class ProvisionedSlots {
  readonly #versions = new Map<string, { provisioned: number; inUse: number }>();
  #held = 0;
  #inUse = 0;

  /** Slots that are taken away from everybody else. */
  get held(): number {
    return this.#held;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** May be lowered below what is in use: then nothing is granted until enough has ended. */
  set(version: string, provisioned: number): void {
    const known = this.#versions.get(version);
    if (known === undefined && provisioned === 0) return;
    this.#change(version, provisioned, known?.inUse ?? 0);
  }

  hasRoom(version: string): boolean {
    const known = this.#versions.get(version);
    return known !== undefined && known.inUse < known.provisioned;
  }

  take(version: string): void {
    const known = this.#versions.get(version);
    assert(
      known !== undefined && known.inUse < known.provisioned,
      'a provisioned slot is taken only where there is one',
    );
    this.#change(version, known.provisioned, known.inUse + 1);
  }

  giveBack(version: string): void {
    const known = this.#versions.get(version);
    assert(known !== undefined && known.inUse > 0, 'a provisioned slot was given back that was not taken');
    this.#change(version, known.provisioned, known.inUse - 1);
  }

  #change(version: string, provisioned: number, inUse: number): void {
    const before = this.#versions.get(version) ?? { provisioned: 0, inUse: 0 };
    this.#held += Math.max(provisioned, inUse) - Math.max(before.provisioned, before.inUse);
    this.#inUse += inUse - before.inUse;
    if (provisioned === 0 && inUse === 0) this.#versions.delete(version);
    else this.#versions.set(version, { provisioned, inUse });
  }
}
