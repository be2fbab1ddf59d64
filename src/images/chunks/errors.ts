/** How chunks fail their reader: never with wrong bytes. */

export type ChunkErrorReason =
  /** No tier has it. */
  | 'missing'
  /** What a tier has is not it, and no other tier has it. */
  | 'corrupt'
  /** Tiers failed, or were too slow; another try may work. */
  | 'unavailable'
  /** A manifest or salt cannot be opened. */
  | 'sealed'
  /** The key that would open or seal it is not given to us: denied, disabled, not configured. Nothing is damaged; somebody has to mend it. */
  | 'withheld'
  /** Too many reads wait already. */
  | 'overloaded'
  /** The store went on to another root while an upload was going on; upload again. */
  | 'superseded';

export class ChunkError extends Error {
  override readonly name = 'ChunkError';
  readonly reason: ChunkErrorReason;

  constructor(reason: ChunkErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
