/** A fast, stable hash for spreading keys over partitions. Not for anything that an adversary may choose to attack. */

/**
 * FNV-1a over the UTF-16 code units of `text`, then mixed, as an unsigned 32-bit number. It never changes: what it spreads is stored under it.
 * Source: draft-eastlake-fnv (offset basis 2166136261, prime 16777619); the final mix is MurmurHash3's 32-bit finalizer.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
