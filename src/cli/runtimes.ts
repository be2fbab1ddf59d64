/** `lambkin runtimes`: what this host can run, and runtime packs fetched ahead. Works with and without a running Lambkin. */
import { join } from 'node:path';
import { systemClock } from '#platform';
import { openRuntimes } from '#runtimes';
import type { RuntimeStatus } from '#runtimes';
import { Failure } from './failure.ts';
import { painter } from './terminal.ts';

export async function listRuntimes(dataDirectory: string): Promise<void> {
  const statuses = await open(dataDirectory).list();
  const width = Math.max(...statuses.map(({ runtime }) => runtime.length)) + 2;
  for (const status of statuses) {
    process.stdout.write(`${statusMark(status)} ${status.runtime.padEnd(width)}${statusText(status)}\n`);
  }
}

/** Throws a Failure that names every runtime which could not be had. */
export async function installRuntimes(
  dataDirectory: string,
  names: readonly string[],
  registry: string | undefined,
): Promise<void> {
  const runtimes = open(dataDirectory, registry);
  const failed: string[] = [];
  for (const name of names) {
    process.stderr.write(`${name}: installing ...\n`);
    const outcome = await runtimes.install(name);
    if (outcome.kind === 'installed') process.stdout.write(`${name}: ready\n`);
    else failed.push(`${name}: ${outcome.reason}`);
  }
  if (failed.length > 0) throw new Failure(failed.join('\n'));
}

/** For people: what is there, or how to get it. */
export function statusText({ availability, detail }: RuntimeStatus): string {
  switch (availability.kind) {
    case 'ready':
      return detail;
    case 'installable':
      return `not here yet: a function that asks for it, or "lambkin runtimes install", gets ${availability.pack}`;
    case 'missing':
    case 'retired':
      return availability.howToGet;
    case 'unknown':
      return 'unknown';
    default:
      return availability satisfies never;
  }
}

function statusMark({ availability }: RuntimeStatus): string {
  const paint = painter(process.stdout);
  if (availability.kind === 'ready') return paint('green', '✓');
  return availability.kind === 'installable' ? paint('yellow', '+') : paint('dim', '✗');
}

function open(dataDirectory: string, registry?: string): ReturnType<typeof openRuntimes> {
  return openRuntimes({
    directory: join(dataDirectory, 'runtimes'),
    clock: systemClock,
    ...(registry === undefined ? {} : { registry }),
  });
}
