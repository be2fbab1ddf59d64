/**
 * Where images are mounted: a directory that is a mount point itself and shared, so that namespaces which are made after the first image was mounted
 * see all that is mounted in it later. It is made so, and what mounts (a process of its own) started, with the first image that is wanted: whoever has
 * no images has nothing of it.
 *
 *   <directory>     mounted on itself, shared
 *   <directory>/d   the mounts; what an earlier run left in it is cleared at the start
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ImageMounts,
  imageMountsProblem,
  type ImageMountsOptions,
  type MountedImage,
  openImageMounts,
} from '#images';

const run = promisify(execFile);
const commandMsMax = 10_000;

export class MountPlace implements ImageMounts {
  readonly #directory: string;
  readonly #options: ImageMountsOptions;
  #mounts: Promise<ImageMounts> | undefined;
  #closed = false;

  static async open(options: ImageMountsOptions): Promise<MountPlace | { readonly why: string }> {
    const why = await imageMountsProblem();
    if (why !== undefined) return { why };
    await mkdir(options.directory, { recursive: true, mode: 0o711 });
    const directory = await realpath(options.directory);
    const place = new MountPlace(directory, { ...options, directory: join(directory, 'd') });
    try {
      // An earlier run that was killed has left it so, and perhaps more: that is cleared now.
      if (await isMountPoint(directory)) await place.#opened();
      return place;
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error) };
    }
  }

  private constructor(directory: string, options: ImageMountsOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  async mount(imageId: string): Promise<MountedImage> {
    return (await this.#opened()).mount(imageId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const mounts = await this.#mounts?.catch(() => undefined);
    await mounts?.close();
    await run('umount', ['-n', '-l', this.#directory], { timeout: commandMsMax }).catch(() => {}); // the next start uses it
  }

  #opened(): Promise<ImageMounts> {
    if (this.#closed) return Promise.reject(new Error('images are not mounted any more'));
    this.#mounts ??= this.#open().catch((error: unknown) => {
      this.#mounts = undefined;
      throw error;
    });
    return this.#mounts;
  }

  async #open(): Promise<ImageMounts> {
    const directory = this.#directory;
    if (!(await isMountPoint(directory))) await mount('--bind', directory, directory);
    await mount('--make-shared', directory);
    await mkdir(this.#options.directory, { recursive: true, mode: 0o711 });
    return openImageMounts(this.#options);
  }
}

async function mount(...args: readonly string[]): Promise<void> {
  await run('mount', ['-n', ...args], { timeout: commandMsMax });
}

async function isMountPoint(directory: string): Promise<boolean> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.some((line) => unescaped(line.split(' ')[4] ?? '') === directory);
}

/** The kernel writes white space and backslashes in octal. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
