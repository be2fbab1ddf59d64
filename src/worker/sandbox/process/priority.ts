/**
 * A start ahead of need gives way to everything else: the lowest priority while it starts, the usual one afterwards. On Linux both the
 * nice value of each thread and, where sessions are scheduled as groups, that of the session count. Only root may give a priority back, so
 * for anybody else nothing is lowered.
 */
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { threadIds } from './proc.ts';

const mayRaise = process.getuid?.() === 0;

export function lowerPriority(pid: number): void {
  if (mayRaise) set(pid, [pid], constants.priority.PRIORITY_LOW);
}

export function restorePriority(pid: number): void {
  if (mayRaise) set(pid, threadIds(pid), constants.priority.PRIORITY_NORMAL);
}

function set(pid: number, threads: readonly number[], nice: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // No such kernel feature, or the process is gone: the threads below are what counts, or nothing is.
  }
  for (const thread of threads) {
    try {
      setPriority(thread, nice);
    } catch {
      // Gone meanwhile.
    }
  }
}
