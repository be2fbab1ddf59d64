/**
 * The program that serves mounted images, on Lambkin's side: started with the first mount, started again when it ended, which nobody expects. Its
 * mounts are lost then: reads of them fail, and the next mount of the same image is a new one.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { compiledCodeVariables } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { encodeManifest } from '../chunks/manifest.ts';
import type { MountDevice } from '../device/image-mounts.ts';
import type { DeviceAnswers, DeviceRequest, FromDevice, Mounted, ToDevice } from '../device/messages.ts';
import type { MountCounts } from '../device/mounted.ts';
import { mountLimits } from '../limits.ts';
import type { Place } from '../roots/place.ts';
import { hostEnvironment } from './command.ts';
import { deviceMark } from './mount-sweep.ts';
import type { ImageMountsOptions } from './image-mounts-options.ts';

interface Running {
  readonly child: ChildProcess;
  /** Why it has ended. */
  over: string | undefined;
  readonly waiting: Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }
  >;
  readonly mounts: Map<number, { readonly image: string; readonly place: Place; readonly lost: () => void }>;
}

export class DeviceProcess implements MountDevice {
  readonly #options: ImageMountsOptions;
  /** By image. */
  readonly #places = new Map<string, Place>();
  #running: Promise<Running> | undefined;
  #asked = 0;
  #closing = false;

  /** `options.directory` must be a real path. */
  static async open(options: ImageMountsOptions): Promise<DeviceProcess> {
    const device = new DeviceProcess(options);
    await device.#runningOne();
    return device;
  }

  private constructor(options: ImageMountsOptions) {
    this.#options = options;
  }

  async mount(image: string, lost: () => void): Promise<Mounted> {
    const found = await this.#options.store.find(this.#options.account, image);
    if (found === undefined) throw new ChunkError('missing', `there is no image ${image}`);
    const { manifest, place, trace } = found;
    this.#places.set(image, place);
    const running = await this.#runningOne();
    this.#asked += 1;
    const mount = this.#asked;
    const request = { mount, image, manifest: encodeManifest(manifest), root: await place.root(), trace };
    const directory = await this.#ask(running, { kind: 'mount', ...request });
    running.mounts.set(mount, { image, place, lost });
    return { mount, directory };
  }

  async unmount({ mount }: Mounted): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    const known = running?.mounts.get(mount);
    // Of a program that ended meanwhile: its mounts are gone.
    if (running === undefined || known === undefined) return;
    running.mounts.delete(mount);
    if (this.#places.get(known.image) === known.place) this.#places.delete(known.image);
    await this.#ask(running, { kind: 'unmount', mount });
  }

  async counts(): Promise<MountCounts> {
    return this.#ask(await this.#runningOne(), { kind: 'counts' });
  }

  async close(): Promise<void> {
    this.#closing = true;
    const running = await this.#running?.catch(() => undefined);
    if (running === undefined || running.child.exitCode !== null || running.child.signalCode !== null) return;
    const ended = once(running.child, 'exit');
    const cancel = this.#options.clock.after(mountLimits.closeMsMax, () => running.child.kill('SIGKILL'));
    running.child.ref();
    running.child.disconnect();
    await ended;
    cancel();
  }

  #runningOne(): Promise<Running> {
    if (this.#closing) return Promise.reject(new Error('the image mounts are closed'));
    if (this.#running !== undefined) return this.#running;
    const starting = this.#start();
    this.#running = starting;
    starting.catch(() => {
      if (this.#running === starting) this.#running = undefined;
    });
    return starting;
  }

  async #start(): Promise<Running> {
    const { device, directory, cache, memoryBytesMax, zone, traceMs = mountLimits.traceMs } = this.#options;
    const { clock, warn } = this.#options;
    const child = fork(device.path, [deviceMark, directory], {
      // Node's own number of threads that wait for files is four: fewer than there are misses in flight.
      env: {
        ...hostEnvironment,
        ...compiledCodeVariables(),
        UV_THREADPOOL_SIZE: String(mountLimits.fileThreads),
      },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const running: Running = { child, over: undefined, waiting: new Map(), mounts: new Map() };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => warn(`image devices: ${text.trim()}`));
    // Nothing of it keeps Lambkin alive, unless it is asked something.
    child.unref();
    (child.stderr as Socket | null)?.unref();
    child.on('message', (message: FromDevice) => this.#hear(running, message));
    const over = (reason: string): void => this.#end(running, reason);
    child.on('error', (error) => over(error.message));
    child.on('exit', (code, signal) => over(`ended with ${signal ?? code}`));
    const late = clock.after(mountLimits.openMsMax, () => child.kill('SIGKILL'));
    try {
      const { settings } = device;
      await this.#ask(running, { kind: 'open', settings, cache, memoryBytesMax, zone, traceMs });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      late();
    }
    return running;
  }

  #ask<Kind extends DeviceRequest['kind']>(
    running: Running,
    request: DeviceRequest & { readonly kind: Kind },
  ): Promise<DeviceAnswers[Kind]> {
    if (running.over !== undefined) return Promise.reject(endedError(running.over));
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      running.waiting.set(id, { resolve, reject });
      running.child.channel?.ref();
      this.#tell(running, { kind: 'request', id, request });
    });
  }

  #tell({ child }: Running, message: ToDevice): void {
    // Of a process that ends the exit tells.
    if (child.connected) child.send(message, () => {});
  }

  #hear(running: Running, message: FromDevice): void {
    switch (message.kind) {
      case 'answer':
      case 'failure': {
        const waiting = running.waiting.get(message.id);
        running.waiting.delete(message.id);
        if (running.waiting.size === 0) running.child.channel?.unref();
        if (message.kind === 'answer') waiting?.resolve(message.value as never);
        else waiting?.reject(new Error(message.reason));
        break;
      }
      case 'locate':
        void this.#locate(message.image, message.again).then((root) =>
          this.#tell(running, { kind: 'located', id: message.id, root }),
        );
        break;
      case 'trace':
        void this.#record(message.image, message.indexes);
        break;
      case 'lost':
        running.mounts.get(message.mount)?.lost();
        break;
      case 'warning':
        this.#options.warn(message.message);
        break;
      default:
        message satisfies never;
    }
  }

  async #locate(image: string, again: boolean): Promise<number | undefined> {
    const place = this.#places.get(image);
    try {
      return await (again ? place?.follow() : place?.root());
    } catch {
      return undefined; // the store is not there now; the reader goes on with what it knows
    }
  }

  async #record(image: string, indexes: readonly number[]): Promise<void> {
    const { store, account, warn } = this.#options;
    await store
      .recordTrace(account, image, indexes)
      .catch((error: unknown) => warn(`the start of image ${image} is not recorded: ${String(error)}`));
  }

  #end(running: Running, reason: string): void {
    running.over ??= reason;
    void this.#running?.then(
      (current) => {
        if (current === running) this.#running = undefined;
      },
      () => {},
    );
    for (const { reject } of running.waiting.values()) reject(endedError(reason));
    running.waiting.clear();
    const mounts = [...running.mounts.values()];
    running.mounts.clear();
    if (mounts.length > 0 && !this.#closing)
      this.#options.warn(`the program of image devices ${reason}; its mounts are lost`);
    for (const { lost } of mounts) lost();
  }
}

function endedError(reason: string): Error {
  return new Error(`the program of image devices ${reason}`);
}
