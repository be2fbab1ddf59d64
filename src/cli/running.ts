/**
 * The Lambkin that runs on a data directory, found by the `lambkin.json` that it writes there. Read here and not through
 * `#roles`, which brings the whole service with it: commands that only need an address start in a tenth of the time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from '#roles';
import { Failure } from './failure.ts';

const fileName = 'lambkin.json';
const members = ['endpoint', 'accountId', 'region', 'accessKeyId', 'secretAccessKey'] as const;

/** Throws a Failure where none runs. */
export function findRunning(dataDirectory: string): Running {
  const path = join(dataDirectory, fileName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notRunning(dataDirectory);
    throw new Failure(`cannot read ${path}: ${(error as Error).message}`);
  }
  const running = parse(text);
  if (running === undefined) throw new Failure(`${path} is not what a running Lambkin writes.`);
  if (!isAlive(running.pid)) {
    throw notRunning(dataDirectory, ` (the one with process id ${running.pid} is gone)`);
  }
  return running;
}

function notRunning(dataDirectory: string, detail = ''): Failure {
  return new Failure(
    `no Lambkin runs on ${dataDirectory}${detail}. Start one with "lambkin up", or name its data directory with --data-dir or LAMBKIN_DATA_DIR.`,
  );
}

function parse(text: string): Running | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const found = value as Record<string, unknown>;
  if (!Number.isSafeInteger(found['pid']) || members.some((name) => typeof found[name] !== 'string'))
    return undefined;
  return value as Running;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false; // EPERM: alive, and somebody else's
  }
  return !isZombie(pid);
}

/** Killed, and its parent has not taken note yet: on Linux such a process can still be signalled. */
function isZombie(pid: number): boolean {
  try {
    // "pid (name) state ...", where the name may hold parentheses too.
    return /^ [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ''));
  } catch {
    return false; // not Linux
  }
}
