/** Runs a program of the system to its end. */
import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { mountLimits } from '../limits.ts';

/** Where programs of the system are, whatever the search path of whoever started Lambkin. */
export const hostPath = [
  process.env['PATH'] ?? '',
  '/usr/local/sbin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(delimiter);

export const hostEnvironment = { PATH: hostPath, LC_ALL: 'C' };

/** What it printed. Rejects with what it complained of. */
export function command(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      env: hostEnvironment,
      timeout: mountLimits.commandMsMax,
      killSignal: 'SIGKILL',
    } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}
