/**
 * `lambkin.json` in the data directory: where the Lambkin that runs there is reached, and with which key. It is what
 * `lambkin env` reads, and is there only while one runs (or after it was killed: then its process is gone).
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface State {
  readonly pid: number;
  readonly endpoint: string;
  readonly accountId: string;
  readonly region: string;
  /** The root key in use, which a configured one replaces. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const fileName = 'lambkin.json';

/** Readable by its owner only. A reader sees all of it or nothing. */
export function writeState(dataDirectory: string, state: State): void {
  const path = join(dataDirectory, fileName);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(`${path}.new`, path);
}

export function removeState(dataDirectory: string): void {
  rmSync(join(dataDirectory, fileName), { force: true });
}

/** Undefined where none was written, or where the Lambkin that wrote it does not run any more. */
export function readState(dataDirectory: string): State | undefined {
  try {
    const state = JSON.parse(readFileSync(join(dataDirectory, fileName), 'utf8')) as State;
    return isRunning(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs, as somebody else
  }
}
