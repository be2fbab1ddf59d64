/** Chance from a seed, for tests and simulations: the same seed gives the same choices, bytes and ids. */
import { prng } from '#lib/prng';
import type { Entropy, Random } from './random.ts';

export function seededRandom(seed: number): Random {
  const source = prng(seed);
  return { next: () => source.next() };
}

/** Looks like entropy and has none: never outside tests and simulations. */
export function seededEntropy(seed: number): Entropy {
  const source = prng(seed);
  const bytes = (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => source.uint32() >>> 24);
  return {
    bytes,
    uuid() {
      const raw = bytes(16);
      // RFC 9562, section 5.4: four bits of version, two of variant.
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      const hex = [...raw].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return [0, 8, 12, 16, 20].map((start, index, starts) => hex.slice(start, starts[index + 1])).join('-');
    },
  };
}
