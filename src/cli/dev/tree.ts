/**
 * A folder's content, as it goes into the archive. Two trees with the same digest are the same to a function: it counts what files hold,
 * not when they were written.
 *
 * A link to something inside the folder stays a link; what a link to the outside leads to (a package of a workspace) is taken in its place.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { Failure } from '../failure.ts';
import { depthMax, filesMax, racyMs, treeBytesMax } from './limits.ts';

export interface Entry {
  /** With slashes, from the folder on. */
  readonly path: string;
  /** With the bits of its type. */
  readonly mode: number;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Of exactly this digest: throws where the file has changed since. */
  readonly content: () => Buffer;
}

export interface Tree {
  readonly digest: string;
  /** By path. */
  readonly entries: readonly Entry[];
  /** Absolute: the directories that were looked into. */
  readonly directories: readonly string[];
}

/** The folder changed while it was read: reading it again helps. */
export class Moving extends Failure {}

interface Known {
  readonly stamp: string;
  readonly entry: Entry;
}

const ignoredNames: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.lambkin',
  '.aws-sam',
  '.terraform',
  '.idea',
  '.vscode',
  '.DS_Store',
  '__pycache__',
  '.pytest_cache',
  '.venv',
  '4913', // which vim makes to see whether it can
]);
const ignoredForms = /^\.#|~$|\.sw[a-z]$|\.pyc$|\.tmp$/;

/** Whether it is no part of a function: version control, caches, what editors leave. */
export function isIgnored(name: string): boolean {
  return ignoredNames.has(name) || ignoredForms.test(name);
}

export class TreeReader {
  readonly #root: string;
  readonly #excluded: ReadonlySet<string>;
  #known = new Map<string, Known>();

  /** `excluded`: absolute paths that are left out besides. */
  constructor(root: string, excluded: readonly string[]) {
    this.#root = root;
    this.#excluded = new Set(excluded);
  }

  /** Throws a Failure for what is too large, and Moving when it has to be read again. */
  async read(): Promise<Tree> {
    const seen = new Map<string, Known>();
    const directories: string[] = [];
    const walk: Walk = { seen, directories, bytes: 0, nowMs: Date.now() };
    try {
      const root = await realpath(this.#root);
      await this.#directory(walk, root, '', [root]);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') throw new Moving(`${this.#root} is changing.`);
      if (code === '' || error instanceof Failure) throw error;
      throw new Failure(`cannot read the folder: ${(error as Error).message}`);
    }
    this.#known = seen;
    const entries = [...seen.values()].map(({ entry }) => entry).sort((a, b) => (a.path < b.path ? -1 : 1));
    const digest = createHash('sha256');
    for (const entry of entries) digest.update(`${entry.path}\0${entry.mode}\0${entry.digest}\0`);
    return { digest: digest.digest('hex'), entries, directories };
  }

  async #directory(walk: Walk, place: string, path: string, above: readonly string[]): Promise<void> {
    if (above.length > depthMax)
      throw new Failure(`${place}: more than ${depthMax} directories below each other.`);
    walk.directories.push(place);
    for (const name of await readdir(place)) {
      const here = join(place, name);
      if (isIgnored(name) || this.#excluded.has(here)) continue;
      await this.#entry(walk, here, path === '' ? name : `${path}/${name}`, above);
    }
  }

  async #entry(walk: Walk, place: string, path: string, above: readonly string[]): Promise<void> {
    const found = await lstat(place, { bigint: true });
    if (found.isDirectory()) return this.#directory(walk, place, path, [...above, place]);
    if (found.isFile()) return this.#file(walk, place, path, found);
    if (!found.isSymbolicLink()) return undefined; // a socket, a device: nothing of a function
    const link = await readlink(place);
    const [root = ''] = above;
    const target = relative(root, resolve(place, '..', link));
    if (!target.startsWith(`..${sep}`) && target !== '..' && !target.startsWith(sep)) {
      const content = Buffer.from(link);
      return this.#add(walk, path, { stamp: link, entry: linkEntry(path, content) });
    }
    const real = await realpath(place).catch(() => undefined);
    // What leads nowhere, or back to where we are, is left out.
    if (real === undefined || above.includes(real)) return undefined;
    const led = await stat(real, { bigint: true });
    if (led.isDirectory()) return this.#directory(walk, real, path, [...above, real]);
    return led.isFile() ? this.#file(walk, real, path, led) : undefined;
  }

  #file(walk: Walk, place: string, path: string, found: Stamps): void {
    const stamp = `${found.mtimeNs}:${found.ctimeNs}:${found.size}:${found.ino}:${found.mode}`;
    const known = this.#known.get(path);
    const young = Math.max(Number(found.mtimeMs), Number(found.ctimeMs)) > walk.nowMs - racyMs;
    if (known !== undefined && known.stamp === stamp && !young) return this.#add(walk, path, known);
    if (walk.bytes + Number(found.size) > treeBytesMax) throw tooLarge(place);
    const content = readFileSync(place);
    const digest = digestOf(content);
    const executable = (Number(found.mode) & 0o111) !== 0;
    const entry: Entry = {
      path,
      mode: 0o100000 | (executable ? 0o755 : 0o644),
      digest,
      sizeBytes: content.length,
      content: () => unchanged(place, digest),
    };
    return this.#add(walk, path, { stamp, entry });
  }

  #add(walk: Walk, path: string, known: Known): void {
    walk.seen.set(path, known);
    walk.bytes += known.entry.sizeBytes;
    if (walk.bytes > treeBytesMax) throw tooLarge(path);
    if (walk.seen.size > filesMax) throw new Failure(`the folder has more than ${filesMax} files.`);
  }
}

interface Walk {
  readonly seen: Map<string, Known>;
  readonly directories: string[];
  bytes: number;
  readonly nowMs: number;
}

interface Stamps {
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mtimeMs: bigint;
  readonly ctimeMs: bigint;
  readonly size: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
}

function linkEntry(path: string, content: Buffer): Entry {
  return {
    path,
    mode: 0o120777,
    digest: digestOf(content),
    sizeBytes: content.length,
    content: () => content,
  };
}

function unchanged(place: string, digest: string): Buffer {
  let content: Buffer | undefined;
  try {
    content = readFileSync(place);
  } catch {
    // Gone, or closed to us: reading the folder again says which.
  }
  if (content === undefined || digestOf(content) !== digest) throw new Moving(`${place} is changing.`);
  return content;
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function tooLarge(place: string): Failure {
  return new Failure(
    `with ${place} the folder is larger than ${treeBytesMax / 2 ** 20} MB, which is what a function may be.`,
  );
}
