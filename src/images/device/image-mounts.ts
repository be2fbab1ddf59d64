/**
 * Who uses which mount. An image is mounted once however many use it; when nobody does it stays for a while, because the next environment of
 * its function may come soon. A mount that broke is not handed out again; its users keep it until they give it back.
 *
 *     mounting ─▶ used (n) ──last release──▶ idle ──idleMs, or room is needed──▶ unmounted
 *                   ▲────────────mount─────────┘
 */
import type { Cancel, Clock } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { mountLimits } from '../limits.ts';
import type { Mounted } from './messages.ts';
import type { CountedImageMounts, MountCounts, MountedImage } from './mounted.ts';

/** What mounts. */
export interface MountDevice {
  /** `lost` is called when it breaks by itself later. */
  mount(image: string, lost: () => void): Promise<Mounted>;
  unmount(mount: Mounted): Promise<void>;
  counts(): Promise<MountCounts>;
  close(): Promise<void>;
}

export interface ImageMountTableOptions {
  readonly device: MountDevice;
  readonly clock: Clock;
  readonly idleMs?: number;
  readonly mountsMax?: number;
  readonly warn: (message: string) => void;
}

interface Entry {
  readonly mounted: Promise<Mounted>;
  readonly lost: PromiseWithResolvers<void>;
  uses: number;
  /** Stops the timer of an idle mount. */
  cancel: Cancel | undefined;
  /** It is being unmounted, or is so already. */
  over: boolean;
}

export class ImageMountTable implements CountedImageMounts {
  readonly #options: ImageMountTableOptions;
  /** By image; the one that became idle first comes first among the idle. */
  readonly #entries = new Map<string, Entry>();
  readonly #unmounting = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ImageMountTableOptions) {
    this.#options = options;
  }

  async mount(image: string): Promise<MountedImage> {
    if (this.#closed) throw new Error('the image mounts are closed');
    const entry = this.#entries.get(image) ?? this.#begin(image);
    entry.cancel?.();
    entry.cancel = undefined;
    entry.uses += 1;
    try {
      const { directory } = await entry.mounted;
      let given = true;
      const release = async (): Promise<void> => {
        if (given) this.#giveBack(image, entry);
        given = false;
      };
      return { directory, lost: entry.lost.promise, release };
    } catch (error) {
      entry.uses -= 1;
      throw error;
    }
  }

  async counts(): Promise<MountCounts> {
    return this.#options.device.counts();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#entries.values()) entry.cancel?.();
    this.#entries.clear();
    await Promise.all(this.#unmounting);
    await this.#options.device.close();
  }

  #begin(image: string): Entry {
    const { device, mountsMax = mountLimits.mountsMax } = this.#options;
    if (this.#entries.size >= mountsMax && !this.#makeRoom()) {
      throw new ChunkError('overloaded', `${mountsMax} images are mounted already`);
    }
    const entry: Entry = {
      mounted: device.mount(image, () => this.#lose(image, entry)),
      lost: Promise.withResolvers(),
      uses: 0,
      cancel: undefined,
      over: false,
    };
    this.#entries.set(image, entry);
    entry.mounted.catch(() => this.#forget(image, entry));
    return entry;
  }

  #makeRoom(): boolean {
    for (const [image, entry] of this.#entries) {
      if (entry.cancel === undefined) continue;
      this.#unmount(image, entry);
      return true;
    }
    return false;
  }

  #giveBack(image: string, entry: Entry): void {
    entry.uses -= 1;
    if (entry.uses > 0 || this.#closed) return;
    if (this.#entries.get(image) !== entry) {
      this.#unmount(image, entry);
      return;
    }
    this.#entries.delete(image);
    this.#entries.set(image, entry);
    const idleMs = this.#options.idleMs ?? mountLimits.idleMs;
    entry.cancel = this.#options.clock.after(idleMs, () => this.#unmount(image, entry));
  }

  #unmount(image: string, entry: Entry): void {
    if (entry.over) return;
    entry.over = true;
    entry.cancel?.();
    entry.cancel = undefined;
    this.#forget(image, entry);
    const unmounting = entry.mounted
      .then(async (mounted) => this.#options.device.unmount(mounted))
      .catch((error: unknown) => this.#options.warn(`image ${image} is not unmounted: ${String(error)}`))
      .finally(() => this.#unmounting.delete(unmounting));
    this.#unmounting.add(unmounting);
  }

  #lose(image: string, entry: Entry): void {
    entry.lost.resolve();
    if (entry.uses === 0) this.#unmount(image, entry);
    else this.#forget(image, entry);
  }

  /** From here on it is not handed out; who uses it gives it back. */
  #forget(image: string, entry: Entry): void {
    if (this.#entries.get(image) === entry) this.#entries.delete(image);
  }
}
