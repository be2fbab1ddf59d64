/**
 * `lambkin dev`: a function from a folder, on a Lambkin that runs already or on one of its own.
 *
 *   look ─▶ changed? ─▶ wait until it stands still ─▶ complain about syntax ─▶ put ─▶ say so ─▶ wait for a change or a while
 *
 * Whatever is saved is what runs, also when it is broken: the invoke then says what is wrong. Nothing that a folder goes through ends it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambkinOptions } from '#roles';
import { howToAttach } from '../debugging.ts';
import { Failure } from '../failure.ts';
import { printLogs } from '../logs.ts';
import { quoteSh } from '../shell.ts';
import { painter, surviveClosedOutput } from '../terminal.ts';
import { signalNumbers, Told } from '../up.ts';
import { complaints } from './complaints.ts';
import { Deployment, type Settings } from './deployment.ts';
import { type Found, host } from './host.ts';
import { retryMs, settleMs, settleMsMax } from './limits.ts';
import { type Asked, projectOf } from './project.ts';
import { Moving, type Tree, TreeReader } from './tree.ts';
import { Watch } from './watch.ts';
import { Zipper } from './zip.ts';

export interface DevOptions extends Settings, Asked {
  /** Absolute. */
  readonly directory: string;
  /** Where its debugger listens; undefined: it is not debugged. */
  readonly debugPort?: number | undefined;
  /** Of the Lambkin that is started where none runs on its data directory. */
  readonly lambkin: LambkinOptions;
  readonly graceSeconds: number;
}

export async function dev(options: DevOptions): Promise<void> {
  surviveClosedOutput();
  const told = new Told();
  const stop = new AbortController();
  void told.first.then(() => stop.abort());
  told.onSecond((signal) => process.exit(128 + signalNumbers[signal]));
  const { directory } = options;
  const { dataDirectory } = options.lambkin;
  const files = new TreeReader(directory, [dataDirectory]);
  const first = await standing(files);
  const found = await host(options, stop.signal);
  try {
    const project = await projectOf(directory, options, found.runtimes);
    const debug = { functionName: project.functionName, port: options.debugPort ?? 0 };
    const running = await found.running(options.debugPort === undefined ? undefined : debug);
    const what = `${project.functionName} (${project.runtime}, ${project.handler})`;
    say(`${what} from ${directory} at ${running().endpoint}`);
    say(
      `lambkin invoke ${project.functionName} --data-dir ${quoteSh(dataDirectory)} --payload '{}'   runs it`,
    );
    if (options.debugPort !== undefined) process.stderr.write(howToAttach(debug, dataDirectory));
    await Promise.all([
      keep(new Deployment(running, project, options), files, first, directory, stop.signal),
      follow(running, project.functionName, stop.signal),
    ]);
  } finally {
    await found.stop(options.graceSeconds * 1_000);
  }
  process.exit(0);
}

/** Ends with the signal. */
async function keep(
  deployment: Deployment,
  files: TreeReader,
  first: Tree,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  using watch = new Watch(signal);
  const zipper = new Zipper();
  let tree = first;
  let deployed: Tree | undefined;
  let readMs = 0;
  let complained = '';
  while (!signal.aborted) {
    if (tree.digest === deployed?.digest) await watch.next(readMs);
    const startedMs = performance.now();
    try {
      const before = deployed;
      tree = await files.read();
      readMs = performance.now() - startedMs;
      watch.follow(tree.directories);
      if (tree.digest === before?.digest || signal.aborted) continue;
      tree = await standing(files);
      const changed = changes(before, tree);
      const checking = complaints(directory, changed);
      await deployment.put(zipper.zip(tree));
      deployed = tree;
      complained = '';
      for (const text of await checking) process.stderr.write(`${painter(process.stderr)('yellow', text)}\n`);
      const tookMs = Math.round(performance.now() - startedMs);
      say(
        before === undefined
          ? `ready, ${tree.entries.length} ${tree.entries.length === 1 ? 'file' : 'files'}`
          : `reloaded: ${some(changed)} (${tookMs} ms)`,
      );
    } catch (error) {
      if (error instanceof Moving) {
        await sleep(settleMs);
        continue;
      }
      if (!(error instanceof Failure)) throw error;
      if (error.message !== complained) say(`not reloaded: ${error.message}`);
      complained = error.message;
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** The folder once it is the same twice, or has been changing for too long. */
async function standing(files: TreeReader): Promise<Tree> {
  const endMs = performance.now() + settleMsMax;
  let seen: Tree | undefined;
  for (;;) {
    const tree = await files.read().catch((error: unknown) => {
      if (error instanceof Moving && performance.now() < endMs) return undefined;
      throw error;
    });
    if (tree !== undefined && (tree.digest === seen?.digest || performance.now() >= endMs)) return tree;
    seen = tree;
    await sleep(settleMs);
  }
}

async function follow(running: Found, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await printLogs(running(), { name, follow: true, sinceMs: Date.now() }, signal);
    } catch (error) {
      // Lambkin may come back: what it logs then is shown.
      if (!(error instanceof Failure)) throw error;
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

function changes(before: Tree | undefined, after: Tree): readonly string[] {
  const known = new Map(before?.entries.map(({ path, digest, mode }) => [path, `${mode}${digest}`]));
  const written = after.entries
    .filter(({ path, digest, mode }) => known.get(path) !== `${mode}${digest}`)
    .map(({ path }) => path);
  const left = new Set(after.entries.map(({ path }) => path));
  return [...written, ...[...known.keys()].filter((path) => !left.has(path))];
}

function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ');
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}

function say(text: string): void {
  process.stderr.write(`${painter(process.stderr)('green', 'dev')} ${text}\n`);
}
