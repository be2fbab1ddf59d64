/**
 * The program that serves mounted images, on its own side: it has the chunks and the mounts, and ends with Lambkin. It is a process of its own
 * because whoever waits for a mounted file must never be who serves it, not even by sharing the few threads that wait for files.
 */
import { join } from 'node:path';
import { systemClock, type Blobs, type Json } from '#platform';
import { decodeManifest } from '../chunks/manifest.ts';
import type { DeviceAnswers, DeviceRequest, FromDevice, ToDevice } from '../device/messages.ts';
import type { MountCounts } from '../device/mounted.ts';
import { RemotePlace } from '../device/remote-place.ts';
import { mountLimits } from '../limits.ts';
import { ChunkSupply } from './chunk-supply.ts';
import { command } from './command.ts';
import { DeviceMount } from './device-mount.ts';
import { deviceMark, sweepMounts } from './mount-sweep.ts';

export interface DeviceStore {
  readonly blobs: Pick<Blobs, 'get'>;
}

/** Serves until Lambkin is gone. `openStore` gets what Lambkin's composition gave as settings. */
export function serveImageDevices(openStore: (settings: Json) => Promise<DeviceStore>): void {
  const directory = process.argv[process.argv.indexOf(deviceMark) + 1];
  if (process.send === undefined || directory === undefined)
    throw new Error('this program is started by Lambkin');
  // Whatever ends Lambkin ends this by the channel's end, after readers had their last bytes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const devices = new Devices(directory, openStore);
  process.on('message', (message: ToDevice) => devices.hear(message));
  process.on('disconnect', () => void devices.closeAll().finally(() => process.exit(0)));
}

class Devices {
  readonly #directory: string;
  readonly #openStore: (settings: Json) => Promise<DeviceStore>;
  #opened: { readonly supply: ChunkSupply; readonly traceMs: number } | undefined;
  readonly #mounts = new Map<number, DeviceMount>();
  /** What is being mounted or unmounted: it must not be missed at the end. */
  readonly #making = new Set<Promise<unknown>>();
  #located = 0;
  readonly #locating = new Map<number, (root: number | undefined) => void>();
  #closing = false;

  constructor(directory: string, openStore: (settings: Json) => Promise<DeviceStore>) {
    this.#directory = directory;
    this.#openStore = openStore;
  }

  hear(message: ToDevice): void {
    switch (message.kind) {
      case 'request':
        void this.#answer(message.id, message.request);
        break;
      case 'located':
        this.#locating.get(message.id)?.(message.root);
        break;
      default:
        message satisfies never;
    }
  }

  async closeAll(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#making);
    await Promise.all([...this.#mounts.keys()].map(async (mount) => this.#unmount(mount)));
    await command('umount', '-n', '-l', this.#directory).catch(() => {});
    await this.#opened?.supply.settle();
  }

  async #answer(id: number, request: DeviceRequest): Promise<void> {
    try {
      const making = this.#carryOut(request);
      this.#making.add(making);
      const value: DeviceAnswers[DeviceRequest['kind']] = await making.finally(() =>
        this.#making.delete(making),
      );
      tell({ kind: 'answer', id, value });
    } catch (error) {
      tell({ kind: 'failure', id, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #carryOut(request: DeviceRequest): Promise<DeviceAnswers[DeviceRequest['kind']]> {
    switch (request.kind) {
      case 'open':
        return this.#open(request);
      case 'mount':
        return this.#mount(request);
      case 'unmount':
        return this.#unmount(request.mount);
      case 'counts':
        return this.#counts();
      default:
        return request satisfies never;
    }
  }

  async #open(request: DeviceRequest & { readonly kind: 'open' }): Promise<null> {
    await sweepMounts(this.#directory, systemClock);
    // Shared, and a mount of its own: what is mounted in it is seen by namespaces that were made since, on every host.
    const options = 'mode=711,nosuid,nodev,size=16m';
    await command('mount', '-n', '-t', 'tmpfs', '-o', options, 'lambkin', this.#directory);
    await command('mount', '-n', '--make-shared', this.#directory);
    // Names of sockets may be short only, so they are told from here.
    process.chdir(this.#directory);
    const { blobs } = await this.#openStore(request.settings);
    this.#opened = { supply: await ChunkSupply.open(request, blobs), traceMs: request.traceMs };
    return null;
  }

  async #mount({
    mount,
    image,
    manifest,
    root,
    trace,
  }: DeviceRequest & { readonly kind: 'mount' }): Promise<string> {
    if (this.#opened === undefined || this.#closing) throw new Error('the device program is not open');
    const { supply, traceMs } = this.#opened;
    const place = new RemotePlace(root, systemClock, async (again) => this.#locate(image, again));
    const reader = supply.reader(image, decodeManifest(Buffer.from(manifest)), place);
    if (trace.length > 0) void reader.readAhead(trace);
    let isLost = false;
    const opened = await DeviceMount.open({
      directory: join(this.#directory, String(mount)),
      name: image,
      reader,
      clock: systemClock,
      warn: (message) => warn(`image ${image}: ${message}`),
      lost: () => {
        isLost = true;
        tell({ kind: 'lost', mount });
      },
    });
    if (isLost) {
      await opened.close();
      throw new Error('nbdfuse has ended');
    }
    this.#mounts.set(mount, opened);
    if (trace.length === 0) {
      systemClock.after(traceMs, () => tell({ kind: 'trace', image, indexes: [...reader.trace] }));
    }
    return opened.root;
  }

  async #unmount(number: number): Promise<null> {
    const mount = this.#mounts.get(number);
    this.#mounts.delete(number);
    await mount?.close();
    return null;
  }

  #counts(): MountCounts {
    if (this.#opened === undefined) throw new Error('the device program is not open');
    return { ...this.#opened.supply.counts, mounted: this.#mounts.size };
  }

  async #locate(image: string, again: boolean): Promise<number | undefined> {
    this.#located += 1;
    const id = this.#located;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#locating.set(id, resolve);
    const cancel = systemClock.after(mountLimits.locateMsMax, () => resolve(undefined));
    tell({ kind: 'locate', id, image, again });
    return promise.finally(() => {
      cancel();
      this.#locating.delete(id);
    });
  }
}

function warn(message: string): void {
  tell({ kind: 'warning', message: message.slice(0, mountLimits.warningCharactersMax) });
}

function tell(message: FromDevice): void {
  // Lambkin may be gone: then this program ends, too.
  if (process.connected) process.send?.(message, () => {});
}
