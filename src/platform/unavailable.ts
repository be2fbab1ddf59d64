/** The one way in which an engine fails: it could not do what was asked, through no fault of the caller. */

/**
 * - `overloaded`: too much is waiting already; nothing was done. Try again later.
 * - `full`: no room on the disk; the write was not done. Reads work, and writes again once there is room.
 * - `failed`: an I/O error; a write may or may not have been done.
 * - `busy`: another process has the store open.
 * - `crashed`: the engine's thread died; every later call fails the same way. A write that waited may or may not have been done.
 * - `closed`: the engine was closed.
 */
export type UnavailableReason = 'overloaded' | 'full' | 'failed' | 'busy' | 'crashed' | 'closed';

export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly reason: UnavailableReason;
  /** The underlying error's own code where there is one: `ENOSPC`, `SQLITE_FULL`, ... */
  readonly code: string | undefined;

  constructor(reason: UnavailableReason, details: { message?: string; code?: string; cause?: unknown } = {}) {
    const told = [`store unavailable: ${reason}`, details.code, details.message].filter(Boolean).join(': ');
    super(told, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.code = details.code;
  }
}
