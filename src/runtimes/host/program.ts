/** Asking an installed program what it is. */
import { execFile } from 'node:child_process';

/** Runs a program and returns what it printed; undefined when it cannot run, fails, or takes longer than `timeoutMs`. */
export function ask(
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 64 * 1024,
      // Only what version managers need to find their way; none of our own NODE_* variables.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PYENV_ROOT: process.env['PYENV_ROOT'] },
    };
    execFile(command, [...args], options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
