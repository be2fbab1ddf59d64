/**
 * Makes the image of a version ready: refers to it where it is stored, else has it pulled and stored. Versions that want the same image at the
 * same time wait for one that stores it, and then refer to it.
 */
import { Turns } from '#lib/turns';
import { ImageProblem } from '#registry';
import type { FunctionImage } from '#metadata';
import type { ImageKeeper } from './image-keeper.ts';
import { imageStoresMax } from './limits.ts';
import { notReady, type Readiness } from './readiness.ts';

export class ImageSettling {
  readonly #images: ImageKeeper | undefined;
  readonly #problem: () => Promise<string | undefined>;
  /** By digest: who is storing it, and what became of it (undefined: nothing). */
  readonly #storing = new Map<string, Promise<string | undefined>>();
  readonly #closing = new AbortController();
  readonly #stores = new Turns(imageStoresMax);

  constructor(images: ImageKeeper | undefined, problem: () => Promise<string | undefined>) {
    this.#images = images;
    this.#problem = problem;
  }

  /** Rejects where it may be tried again: the store is away, or everything stops. */
  async makeReady(image: FunctionImage): Promise<Readiness> {
    const images = this.#images;
    const why = await this.#problem();
    if (images === undefined || why !== undefined) {
      return notReady('InternalError', `Container images cannot run here: ${why}`);
    }
    try {
      return { kind: 'ready', imageId: await this.#stored(images, image) };
    } catch (error) {
      if (error instanceof ImageProblem) return notReady(error.code, error.message);
      throw error;
    }
  }

  /** What is being stored is given up, and waited for until it is. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#storing.values());
  }

  async #stored(images: ImageKeeper, image: FunctionImage): Promise<string> {
    const { imageId, digest, reference } = image;
    if (imageId !== undefined && (await images.refer(imageId, reference))) return imageId;
    for (let before = this.#storing.get(digest); before !== undefined; before = this.#storing.get(digest)) {
      const other = await before;
      if (other !== undefined && (await images.refer(other, reference))) return other;
    }
    const storing = this.#stores.run(() => this.#store(images, image));
    const outcome = storing.catch(() => undefined).finally(() => this.#storing.delete(digest));
    this.#storing.set(digest, outcome);
    return storing;
  }

  async #store(images: ImageKeeper, image: FunctionImage): Promise<string> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const { imageUri, resolvedImageUri, digest, compressedBytes, defaults, reference } = image;
    const { workingDirectory, ...rest } = defaults;
    const config = { ...rest, workingDirectory, user: undefined };
    const resolved = { imageUri, resolvedImageUri, digest, compressedBytes, config };
    const { imageId } = await images.store(resolved, reference, signal);
    return imageId;
  }
}
