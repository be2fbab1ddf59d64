/** Random choices for the hostile suite, from a seed. */
import { prng } from '#lib/prng';

export class Chooser {
  readonly #random;

  constructor(seed: number) {
    this.#random = prng(seed);
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** `count` random characters, each one byte. */
  bytes(count: number): string {
    let text = '';
    for (let index = 0; index < count; index += 1) text += String.fromCharCode(this.below(256));
    return text;
  }

  /** `text` with one to three characters replaced, removed, doubled or inserted. */
  damage(text: string): string {
    let damaged = text;
    for (let times = 1 + this.below(3); times > 0; times -= 1) {
      const at = this.below(damaged.length + 1);
      const by = this.of(['', this.bytes(1), '\0', '\n', ' ', '%', damaged.slice(at, at + 2)]);
      damaged = damaged.slice(0, at) + by + damaged.slice(at + this.below(2));
    }
    return damaged;
  }
}
