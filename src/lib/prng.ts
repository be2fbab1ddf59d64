/**
 * A small seeded generator of pseudo-random numbers, for simulations and tests: the same seed gives the same numbers, on every
 * machine. Not for secrets. The algorithm is sfc32 (Chris Doty-Humphrey's Small Fast Counter, 32-bit), seeded through
 * splitmix32 so that neighbouring seeds give unrelated streams.
 */

export interface Prng {
  /** Uniform among the 2^32 unsigned 32-bit integers. */
  uint32(): number;
  /** Uniform in [0, 1), with 32 bits. */
  next(): number;
}

/** `seed` is any number; only its lowest 32 bits count. */
export function prng(seed: number): Prng {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let word = mix;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  const uint32 = (): number => {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum;
  };
  return { uint32, next: () => uint32() / 2 ** 32 };
}
