/**
 * `lambkin.json` in the data directory: where the Lambkin that runs there is reached, and with which key. It is what
 * `lambkin env` reads, and is there only while one runs (or after it was killed: then its process is gone).
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Running {
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
export function writeRunning(dataDirectory: string, running: Running): void {
  const path = join(dataDirectory, fileName);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(running, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(`${path}.new`, path);
}

export function removeRunning(dataDirectory: string): void {
  rmSync(join(dataDirectory, fileName), { force: true });
}
