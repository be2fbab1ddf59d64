/**
 * What becomes of an event after an attempt. Pure.
 *
 *     succeeded ─────────────────────────────────────────────▶ Success
 *     function failed ──▶ after 1, then 2 minutes, again ────▶ RetriesExhausted   after 1 + MaximumRetryAttempts attempts
 *     throttled, service error ──▶ after 1 s … 5 min, again    (not counted)
 *     either, too late for another attempt ──────────────────▶ EventAgeExceeded
 *     function, version or alias is gone ────────────────────▶ dropped
 *
 * Waits and bounds are AWS's: its guide to asynchronous invocation.
 */
import { unreachable } from '#lib/assert';
import type { Condition, QueuedEvent } from './event.ts';
import {
  eventAgeMsDefault,
  failureWaitsMs,
  refusalWaitMsMax,
  refusalWaitMsMin,
  retriesDefault,
} from './limits.ts';

interface Ran {
  readonly executedVersion: string;
  readonly payload: Uint8Array;
  /** As the function got it. */
  readonly traceId: string;
}

/** What an attempt came to. */
export type Attempt =
  | ({ readonly kind: 'succeeded' } & Ran)
  | ({ readonly kind: 'failed'; readonly functionError: string } & Ran)
  /** The function was not run, or nobody knows; `statusCode` is the API's (429, 5xx). */
  | { readonly kind: 'refused'; readonly statusCode: number; readonly message: string }
  /** It will never be run: the API's error says that the event itself is at fault (a loop of invokes). */
  | { readonly kind: 'rejected'; readonly statusCode: number; readonly message: string }
  /** There is no such function, version or alias any more. */
  | { readonly kind: 'gone' };

/** Of the event invoke configuration; what is absent takes AWS's default. */
export interface RetryPolicy {
  readonly retriesMax?: number | undefined;
  readonly eventAgeSecondsMax?: number | undefined;
}

export type Verdict =
  | { readonly kind: 'settled'; readonly condition: Condition }
  | {
      readonly kind: 'again';
      readonly delayMs: number;
      readonly invokes: number;
      readonly refusals: number;
    }
  | { readonly kind: 'dropped' };

const dropped: Verdict = { kind: 'dropped' };

/** How old an event of this policy may get, in milliseconds. */
export function eventAgeMsMaxOf({ eventAgeSecondsMax }: RetryPolicy): number {
  return eventAgeSecondsMax === undefined ? eventAgeMsDefault : eventAgeSecondsMax * 1_000;
}

/** Whether an event may still be tried. */
export function isTooOld(event: QueuedEvent, policy: RetryPolicy, nowMs: number): boolean {
  return nowMs - event.acceptedAtMs >= eventAgeMsMaxOf(policy);
}

export function judge(event: QueuedEvent, attempt: Attempt, policy: RetryPolicy, nowMs: number): Verdict {
  const leftMs = eventAgeMsMaxOf(policy) - Math.max(0, nowMs - event.acceptedAtMs);
  switch (attempt.kind) {
    case 'succeeded':
      return { kind: 'settled', condition: 'Success' };
    case 'rejected':
      return { kind: 'settled', condition: 'RetriesExhausted' };
    case 'gone':
      return dropped;
    case 'failed': {
      const invokes = event.invokes + 1;
      if (invokes > (policy.retriesMax ?? retriesDefault)) {
        return { kind: 'settled', condition: 'RetriesExhausted' };
      }
      const delayMs = failureWaitsMs[Math.min(invokes, failureWaitsMs.length) - 1] ?? 0;
      if (delayMs >= leftMs) return { kind: 'settled', condition: 'EventAgeExceeded' };
      return { kind: 'again', delayMs, invokes, refusals: 0 };
    }
    case 'refused': {
      if (leftMs <= 0) return { kind: 'settled', condition: 'EventAgeExceeded' };
      const waitMs = Math.min(refusalWaitMsMin * 2 ** event.refusals, refusalWaitMsMax);
      // Not beyond its age: it is to be given up then, not when the wait happens to end.
      const delayMs = Math.min(waitMs, leftMs);
      return { kind: 'again', delayMs, invokes: event.invokes, refusals: event.refusals + 1 };
    }
    default:
      return unreachable(attempt);
  }
}
