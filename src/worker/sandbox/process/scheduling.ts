/**
 * Functions' processes are scheduled as batch work (SCHED_BATCH, see sched(7)): one that wakes up does not interrupt who runs. Without that,
 * each invoke that Lambkin hands over may take the processor from it at once, in the middle of serving all others. A core that
 * is free still takes the process up immediately.
 */
import { accessSync, constants } from 'node:fs';

const chrt = '/usr/bin/chrt';
const hasChrt = isExecutable(chrt);

/** The command line that starts `command` so; unchanged where the host cannot, or where starting it will fail anyway. `onHost` is where the command is before anything is mounted. */
export function asBatch(
  command: string,
  args: readonly string[],
  onHost = command,
): readonly [string, readonly string[]] {
  return hasChrt && isExecutable(onHost) ? [chrt, ['--batch', '0', command, ...args]] : [command, args];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
