/** Which files a command of Lambkin loads: run as users run it, with a hook that notes them and writes them down at the end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launcher } from '../service.ts';

const root = pathToFileURL(join(import.meta.dirname, '..', '..', '/')).href;

/** The environment in which a command writes what its main thread loaded to `file`. */
export function noting(file: string): Readonly<Record<string, string>> {
  const hook = join(import.meta.dirname, 'note-loaded.mjs');
  return { NODE_OPTIONS: `--import=${pathToFileURL(hook).href}`, LAMBKIN_TEST_LOADED: file };
}

/** Below the repository (`src/cli/index.ts`, `node_modules/pino/pino.js`) or Node's own (`node:http`), in the order of loading. */
export function notedIn(file: string): readonly string[] {
  const urls = JSON.parse(readFileSync(file, 'utf8')) as readonly string[];
  return urls.map((url) =>
    url.startsWith(root) ? url.slice(root.length) : (/node_modules\/.*/.exec(url)?.[0] ?? url),
  );
}

/** What a command loads that ends by itself, whatever comes of it. */
export async function loadedBy(file: string, ...args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: 'ignore',
    env: { ...process.env, ...noting(file) },
  });
  await once(child, 'exit');
  if (!existsSync(file)) throw new Error(`lambkin ${args.join(' ')} wrote nothing`);
  return notedIn(file);
}
