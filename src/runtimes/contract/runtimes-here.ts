/** The runtimes of the machine that tests run on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#platform';
import type { Launch } from '../catalogue.ts';
import { openRuntimes } from '../host/this-host.ts';

/** A clock that stands still. */
export const stillClock: Clock = { monotonicMs: () => 0, wallMs: () => 0, after: () => () => {} };

/** Runtime packs that were installed before are tested too; without, a folder of our own, which has none. */
const packs = process.env['LAMBKIN_TEST_PACKS'];
const directory = packs ?? mkdtempSync(join(tmpdir(), 'lambkin-runtimes-'));
if (packs === undefined) process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const runtimes = openRuntimes({ directory, clock: stillClock });

/**
 * How the given runtimes start: the oldest and the newest that this machine has, or with LAMBKIN_TEST_RUNTIMES=all all of them.
 */
export async function launchable(names: readonly string[]): Promise<readonly (readonly [string, Launch])[]> {
  const found: (readonly [string, Launch])[] = [];
  for (const name of names) {
    let { kind } = await runtimes.availability(name);
    // What this machine can make for itself; nothing is fetched for a test.
    if (kind === 'installable' && name.startsWith('java')) {
      kind = (await runtimes.install(name)).kind === 'installed' ? 'ready' : 'missing';
    }
    const launch = kind === 'ready' ? runtimes.launch(name, 128) : undefined;
    if (launch !== undefined) found.push([name, launch]);
  }
  return process.env['LAMBKIN_TEST_RUNTIMES'] === 'all'
    ? found
    : found.filter((_, index) => index === 0 || index === found.length - 1);
}
