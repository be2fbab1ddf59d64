/**
 * Root directories that stand on container images: the image, read-only, and over it a layer with the places that every sandbox mounts its own
 * things at. In an overlay a directory or file of the upper layer hides a link of the same name, so no image leads a mount elsewhere.
 *
 *   prepared   /proc /dev /tmp /etc/hosts /etc/resolv.conf, and the starter     one for all
 *   image      where its mount is seen in the enclave
 *   root       prepared over image; writable nowhere
 *
 * One root for all sandboxes of an image; it goes with the last of them, so that nothing keeps the image mounted.
 */
import { join } from 'node:path';
import { type Enclave, line } from './enclave.ts';
import { layStarter, type Starter } from './starter.ts';

export interface ImageRoot {
  /** As the OCI runtime sees it. */
  readonly path: string;
  readonly starter: Starter;
  /** Gives this use back. */
  leave(): Promise<void>;
}

interface Shared {
  readonly place: string;
  readonly ready: Promise<void>;
  uses: number;
}

export interface ImageRootsParts {
  readonly enclave: Enclave;
  /** In the enclave's memory; is made. */
  readonly directory: string;
  /** What stands in /etc/resolv.conf. */
  readonly resolvConf: string;
  /** A name that no image has chosen. */
  readonly starterName: string;
}

const options = 'ro,nosuid,nodev';

export class ImageRoots {
  readonly #parts: ImageRootsParts;
  readonly #roots = new Map<string, Shared>();
  #prepared: Promise<Starter> | undefined;
  #made = 0;

  constructor(parts: ImageRootsParts) {
    this.#parts = parts;
  }

  /** The root over the image that is mounted at `directory`. Rejects where it cannot be made. */
  async enter(directory: string): Promise<ImageRoot> {
    const starter = await this.#prepare();
    const shared = this.#roots.get(directory) ?? this.#make(directory);
    shared.uses += 1;
    let left = false;
    const leave = async (): Promise<void> => {
      if (left) return;
      left = true;
      await this.#leave(directory, shared);
    };
    try {
      await shared.ready;
    } catch (error) {
      await leave();
      throw error;
    }
    return { path: join(shared.place, 'root'), starter, leave };
  }

  #make(directory: string): Shared {
    this.#made += 1;
    const place = join(this.#parts.directory, String(this.#made));
    const [image, root] = [join(place, 'image'), join(place, 'root')];
    const layers = `lowerdir=${join(this.#parts.directory, 'prepared')}:${image}`;
    const ready = this.#parts.enclave.run(
      line('mkdir', place, image, root),
      line('mount', '-n', '-o', `bind,${options}`, '--', directory, image),
      line('mount', '-n', '-t', 'overlay', '-o', `${options},${layers}`, 'image', root),
    );
    const shared = { place, ready: ready.then(() => undefined), uses: 0 };
    this.#roots.set(directory, shared);
    return shared;
  }

  async #leave(directory: string, shared: Shared): Promise<void> {
    shared.uses -= 1;
    if (shared.uses > 0) return;
    // Who comes now makes another.
    if (this.#roots.get(directory) === shared) this.#roots.delete(directory);
    const [image, root] = [join(shared.place, 'image'), join(shared.place, 'root')];
    const steps = [
      line('umount', '-n', '-l', root),
      line('umount', '-n', '-l', image),
      line('rmdir', root, image, shared.place),
    ];
    // Where the enclave has ended, so have its mounts.
    await this.#parts.enclave.run(`{ ${steps.join('; ')}; true; }`).catch(() => {});
  }

  #prepare(): Promise<Starter> {
    this.#prepared ??= this.#layPrepared();
    this.#prepared.catch(() => (this.#prepared = undefined));
    return this.#prepared;
  }

  async #layPrepared(): Promise<Starter> {
    const { enclave, directory, resolvConf, starterName } = this.#parts;
    const prepared = join(directory, 'prepared');
    const place = (...names: readonly string[]): string => join(prepared, ...names);
    await enclave.run(
      line('mkdir', '-p', ...['proc', 'dev', 'tmp', 'etc', starterName].map((name) => place(name))),
      line('chmod', '755', prepared, place('etc'), place(starterName)),
      line('chmod', '1777', place('tmp')), // runc gives what it mounts there the mode of the place
      `: >${line(place('etc', 'hosts'))}`, // each sandbox's own is mounted over it
      `${line('printf', '%s', resolvConf)} >${line(place('etc', 'resolv.conf'))}`,
    );
    return layStarter(enclave, prepared, starterName);
  }
}
