/** A place where chunks may be: a cache of the worker, of the zone, or the store. Nobody believes what it gives until it was verified. */
export interface ChunkTier {
  /** For counters. */
  readonly name: string;
  /** The ciphertext of that name; undefined: not here. May reject; the next tier is then asked. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Keeps a chunk that was found further down. Best effort: never rejects, may do nothing. */
  keep?(name: string, ciphertext: Uint8Array): void;
  /** Forgets a chunk that proved to be wrong. Best effort. */
  drop?(name: string): void;
}
