/**
 * The memory of a function's processes as REPORT tells it, the same in every kind of sandbox: what they have of their own, and their program and
 * libraries once, because they share them. What lies in /tmp is storage, not memory.
 */
import { residentProcessesMax } from '../limits.ts';
import { residenceOf } from './process/proc.ts';

export interface Resident {
  /** Of all processes. Pages that a fork shares with its parent count for both. */
  readonly anonymousBytes: number;
  /** Of the process that has mapped most. */
  readonly fileBytes: number;
  /** The most that one process has had, now or before. */
  readonly peakBytes: number;
}

export function residentOf(pids: readonly number[]): Resident {
  const sum = { anonymousBytes: 0, fileBytes: 0, peakBytes: 0 };
  for (const pid of pids.slice(0, residentProcessesMax)) {
    const residence = residenceOf(pid);
    if (residence === undefined) continue; // it has ended
    sum.anonymousBytes += residence.anonymousBytes;
    sum.fileBytes = Math.max(sum.fileBytes, residence.fileBytes);
    sum.peakBytes = Math.max(sum.peakBytes, residence.peakBytes);
  }
  return sum;
}
