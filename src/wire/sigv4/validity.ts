/** Whether a signature is of our time. */
import type { WireError } from '../error.ts';
import { clockSkewMs, presignedExpirySecondsMax, presignedExpirySecondsMin } from './limits.ts';
import { excerpt, incomplete, invalid } from './refusal.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

/** `expires` is given for presigned requests: how many seconds they are valid. undefined: the time is right. */
export function timeProblem(
  timestamp: string,
  expires: string | undefined,
  nowMs: number,
): WireError | undefined {
  const signedMs = parseTimestamp(timestamp);
  if (signedMs === undefined) {
    return incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${excerpt(timestamp)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const skewMinutes = clockSkewMs / 60_000;
  if (signedMs > nowMs + clockSkewMs) {
    return invalid(
      `Signature not yet current: ${timestamp} is still later than ${formatTimestamp(nowMs + clockSkewMs)} ` +
        `(${formatTimestamp(nowMs)} + ${skewMinutes} min.)`,
    );
  }
  if (expires !== undefined) return expiryProblem(signedMs, expires, nowMs);
  if (signedMs < nowMs - clockSkewMs) {
    return invalid(
      `Signature expired: ${timestamp} is now earlier than ${formatTimestamp(nowMs - clockSkewMs)} ` +
        `(${formatTimestamp(nowMs)} - ${skewMinutes} min.)`,
    );
  }
  return undefined;
}

function expiryProblem(signedMs: number, expires: string, nowMs: number): WireError | undefined {
  if (!/^-?\d+$/.test(expires)) return incomplete('X-Amz-Expires should be a number');
  const seconds = Number(expires);
  if (seconds < presignedExpirySecondsMin) return incomplete('X-Amz-Expires must be positive');
  if (seconds > presignedExpirySecondsMax) {
    return incomplete(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be at most ' +
        `${presignedExpirySecondsMax} seconds`,
    );
  }
  const endMs = signedMs + seconds * 1000;
  if (nowMs <= endMs) return undefined;
  return invalid(
    `Signature expired: ${formatTimestamp(endMs)} is now earlier than ${formatTimestamp(nowMs)}`,
  );
}
