/**
 * One image, mounted: its block device is served on a socket, `nbdfuse` makes a file of that, a loop device makes a device of the file, and the
 * kernel's ext4 reads it. Whatever breaks below, readers get an I/O error.
 *
 *     <directory>/socket ─▶ nbdfuse ─▶ <directory>/fuse/nbd ─▶ /dev/loop<n> ─▶ <directory>/root
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pause, type Clock } from '#platform';
import { chunkBytes, mountLimits } from '../limits.ts';
import type { ImageReader } from '../reading/image-reader.ts';
import { command, hostEnvironment } from './command.ts';
import { NbdServer } from './nbd-server.ts';

export interface DeviceMountOptions {
  /** Is made. */
  readonly directory: string;
  readonly name: string;
  readonly reader: Pick<ImageReader, 'sizeBytes' | 'read'>;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Called when nbdfuse ends before it should. */
  readonly lost: () => void;
}

/** What the kernel reads ahead of a reader: the rest of a chunk that was fetched anyway, and not the next one. */
const readAheadKib = chunkBytes / 4 / 1024;

export class DeviceMount {
  /** The root of the image's file system. */
  readonly root: string;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #server: NbdServer;
  readonly #fuse: ChildProcess;
  #closing = false;

  static async open(options: DeviceMountOptions): Promise<DeviceMount> {
    const { directory } = options;
    for (const name of ['', 'fuse', 'root']) await mkdir(join(directory, name), { mode: 0o711 });
    const socket = relative(process.cwd(), join(directory, 'socket'));
    const server = await NbdServer.open({ ...options, path: socket });
    const args = ['-r', '-P', join(directory, 'fuse.pid'), join(directory, 'fuse', 'nbd'), '--unix', socket];
    // In a group of its own: what a terminal sends to Lambkin must not reach it before its readers have ended.
    const fuse = spawn('nbdfuse', args, {
      env: hostEnvironment,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const mount = new DeviceMount(options, server, fuse);
    try {
      await mount.#fuseIsUp();
      await mount.#attach();
      return mount;
    } catch (error) {
      await mount.close();
      throw error;
    }
  }

  private constructor(
    { directory, clock, warn, lost }: DeviceMountOptions,
    server: NbdServer,
    fuse: ChildProcess,
  ) {
    this.root = join(directory, 'root');
    this.#directory = directory;
    this.#clock = clock;
    this.#server = server;
    this.#fuse = fuse;
    fuse.on('error', (error) => warn(`nbdfuse does not start: ${error.message}`));
    fuse.stderr?.setEncoding('utf8').on('data', (text: string) => warn(`nbdfuse: ${text.trim()}`));
    fuse.on('exit', () => {
      if (!this.#closing) lost();
    });
  }

  async #fuseIsUp(): Promise<void> {
    const endMs = this.#clock.monotonicMs() + mountLimits.commandMsMax;
    for (;;) {
      if ((await readFile(join(this.#directory, 'fuse.pid'), 'latin1').catch(() => '')) !== '') return;
      if (this.#isOver()) throw new Error('nbdfuse has ended');
      if (this.#clock.monotonicMs() > endMs) throw new Error('nbdfuse does not mount');
      await pause(this.#clock, mountLimits.lookMs);
    }
  }

  async #attach(): Promise<void> {
    const file = join(this.#directory, 'fuse', 'nbd');
    // Direct: the file system above keeps what was read, once is enough.
    const loop = (await command('losetup', '-r', '--direct-io=on', '-f', '--show', file)).trim();
    try {
      await writeFile(`/sys/block/${basename(loop)}/queue/read_ahead_kb`, String(readAheadKib)).catch(
        () => {},
      );
      await command('mount', '-n', '-t', 'ext4', '-o', 'ro,noload,nodev,nosuid', loop, this.root);
    } finally {
      // The kernel lets go of it when nobody has it mounted any more.
      await command('losetup', '-d', loop).catch(() => {});
    }
  }

  /** Takes everything away, also from under readers. Resolves when it is gone, or its last readers alone keep it. */
  async close(): Promise<void> {
    this.#closing = true;
    await command('umount', '-n', '-l', this.root).catch(() => {});
    await command('umount', '-n', '-l', join(this.#directory, 'fuse')).catch(() => {});
    await this.#fuseIsGone();
    await this.#server.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** It ends by itself when nobody has its file open any more; who still has gets errors from here on. */
  async #fuseIsGone(): Promise<void> {
    if (this.#isOver()) return;
    const ended = once(this.#fuse, 'exit');
    const cancel = this.#clock.after(mountLimits.fuseEndMsMax, () => this.#fuse.kill('SIGKILL'));
    await ended;
    cancel();
  }

  #isOver(): boolean {
    return this.#fuse.pid === undefined || this.#fuse.exitCode !== null || this.#fuse.signalCode !== null;
  }
}
