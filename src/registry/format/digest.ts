/** Digests: `sha256:<64 hex digits>`, the only algorithm that is served. */
import { createHash, hash, type Hash } from 'node:crypto';

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return pattern.test(text);
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

export function startDigest(): Hash {
  return createHash('sha256');
}

/** Ends it. */
export function digestIn(running: Hash): string {
  return `sha256:${running.digest('hex')}`;
}
