/**
 * The bootstrap of Java, compiled once by this host's own compiler into a folder that is named for its sources: other sources, another
 * folder. What has its final name is whole; a kill in the middle leaves a `compiling-*`, removed before the next compilation.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallOutcome } from '../catalogue.ts';
import { compileOutputBytesMax, compileTimeoutMs } from '../limits.ts';

const unfinished = 'compiling-';
const mainClass = 'lambkin/bootstrap/Bootstrap.class';
/** Classes that every Java since 8 runs; a compiler that cannot make these any more makes those of its own version. */
const targets: readonly (readonly string[])[] = [['-source', '8', '-target', '8'], []];

export class JavaCompiler {
  readonly #sources: string;
  readonly #directory: string;
  #target: string | undefined;
  #running: Promise<InstallOutcome> | undefined;

  /** `sources`: where the bootstrap's sources lie. `directory`: where the folder with their classes goes. */
  constructor(sources: string, directory: string) {
    this.#sources = sources;
    this.#directory = directory;
  }

  /** The folder with the classes, once it is there. */
  classes(): string | undefined {
    const target = this.#folder();
    return existsSync(join(target, mainClass)) ? target : undefined;
  }

  /** Calls at the same time share one compilation. */
  compile(compiler: string): Promise<InstallOutcome> {
    this.#running ??= this.#compile(compiler)
      .catch((error: unknown): InstallOutcome => ({
        kind: 'failed',
        reason: `The bootstrap of Java could not be compiled: ${(error as Error).message}`,
      }))
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  #folder(): string {
    if (this.#target === undefined) {
      const digest = createHash('sha256');
      for (const file of this.#files()) digest.update(readFileSync(file));
      this.#target = join(this.#directory, `java-${digest.digest('hex').slice(0, 16)}`);
    }
    return this.#target;
  }

  #files(): readonly string[] {
    const names = readdirSync(this.#sources).filter((name) => name.endsWith('.java'));
    return names.sort().map((name) => join(this.#sources, name));
  }

  async #compile(compiler: string): Promise<InstallOutcome> {
    const target = this.#folder();
    mkdirSync(this.#directory, { recursive: true });
    for (const name of readdirSync(this.#directory)) {
      if (name.startsWith(unfinished)) rmSync(join(this.#directory, name), { recursive: true, force: true });
    }
    const folder = mkdtempSync(join(this.#directory, unfinished));
    let said: string | undefined = 'no target';
    for (const flags of targets) {
      const args = ['-encoding', 'UTF-8', '-nowarn', ...flags, '-d', folder, ...this.#files()];
      said = await complaint(compiler, args);
      if (said === undefined) break;
    }
    if (said !== undefined) {
      rmSync(folder, { recursive: true, force: true });
      return { kind: 'failed', reason: `${compiler} did not compile the bootstrap of Java: ${said}` };
    }
    // Functions may run as another user.
    chmodSync(folder, 0o755);
    try {
      await rename(folder, target);
    } catch (error) {
      // Another Lambkin may have been faster: its folder is as good.
      rmSync(folder, { recursive: true, force: true });
      if (this.classes() === undefined) throw error;
    }
    return { kind: 'installed' };
  }
}

/** What the compiler said where it failed. */
function complaint(compiler: string, args: readonly string[]): Promise<string | undefined> {
  const options = {
    timeout: compileTimeoutMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: compileOutputBytesMax,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' },
  };
  return new Promise((resolve) => {
    execFile(compiler, [...args], options, (error, stdout, stderr) => {
      resolve(error === null ? undefined : `${stderr}${stdout}`.trim().slice(0, 500) || error.message);
    });
  });
}
