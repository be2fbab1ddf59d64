/** Clock: the only source of time. Monotonic for leases and timeouts, wall only for what users see. */

/** Stops a timer; calling it again, or after the timer fired, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds from an arbitrary origin, with a fraction; never goes back. */
  monotonicMs(): number;
  /** Epoch milliseconds, whole; may jump. */
  wallMs(): number;
  /** Calls `callback` once, at least `delayMs` from now. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Cancel;
}
