/**
 * The first process of a sandbox: a shell that starts the runtime once it is told to, gathers orphans, and says how the runtime ended. As the
 * first of its process namespace it takes everything else with it. A runtime could not be the first itself: the kernel hides most
 * signals from such a process, its own too.
 *
 *   worker ── "go" ──▶ shell ──▶ the runtime ... ends
 *   worker ◀── (what the shell has to say about a signal) "exit <code>" ── shell, which ends
 *
 * The shell answers 128 + n both for a runtime that a signal ended and for one that chose this number; but only in the first case
 * it has something to say about it.
 */
import type { ExitStatus } from '../../environment/runtime.ts';

/** Where the conversation goes: a socket, since it goes both ways. */
export const statusFd = 5;

const script = [
  `read -r go <&${statusFd} || exit 125`,
  `exec 6>&2 2>&${statusFd}`,
  `(exec "$@" 2>&6 ${statusFd}>&- 6>&-)`,
  `echo "exit $?" >&${statusFd}`,
].join('\n');

/** The arguments of the first process, for a runtime with these. `shell`: how a shell is started inside. */
export function initArguments(
  command: readonly string[],
  talk: 'channel' | 'runtime-api',
  shell: readonly string[] = ['/bin/sh'],
): readonly string[] {
  const setup = talk === 'channel' ? script : `exec 3>&- 4>&-\n${script}`;
  return [...shell, '-c', setup, 'init', ...command];
}

/** Signals by number, as Linux counts them on the processors that Lambkin runs on. */
const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

export function signalNumbered(number: number): string | undefined {
  return signals[number];
}

/** What was said on the status socket until it closed. Nothing: the whole sandbox was killed. */
export function exitStatusOf(said: string): ExitStatus {
  const [, remarks = '', digits] = /^([^]*?)exit (\d{1,3})\n$/.exec(said) ?? [];
  if (digits === undefined) return { kind: 'signal', signal: 'SIGKILL' };
  const code = Number(digits);
  const signal = signals[code - 128];
  return remarks.trim() !== '' && signal !== undefined ? { kind: 'signal', signal } : { kind: 'code', code };
}
