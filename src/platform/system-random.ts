/** Chance from the machine. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Entropy, Random } from './random.ts';

export const systemRandom: Random = { next: () => Math.random() };

export const systemEntropy: Entropy = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  uuid: () => randomUUID(),
};
