/** Random: for choices that need no secrecy (alias weights, jitter). Entropy: for ids, keys and tokens. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

export interface Entropy {
  /** Cryptographically secure bytes. */
  bytes(count: number): Uint8Array;
  /** A random UUID (version 4), lower case. */
  uuid(): string;
}
