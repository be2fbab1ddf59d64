/**
 * Gives back references to images that no version needs any more: in the background of whatever dropped them, and at each start all that an earlier
 * run did not come to. Nothing waits for it, and what fails is left to the next start.
 */
import {
  droppedReferences,
  type ImageKeeper,
  type ImageReference,
  imagesOf,
  isOfFunction,
} from './image-keeper.ts';
import type { VersionRecord } from '#metadata';
import { imageReleasesMax } from './limits.ts';

export interface ImageReleasesOptions {
  readonly images: Pick<ImageKeeper, 'release' | 'references'> | undefined;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class ImageReleases {
  readonly #options: ImageReleasesOptions;
  readonly #waiting: ImageReference[] = [];
  #running: Promise<void> | undefined;

  constructor(options: ImageReleasesOptions) {
    this.#options = options;
  }

  /** After a commit: what the versions of before referred to, and those of after do not. */
  changed(
    before: readonly (VersionRecord | undefined)[],
    after: readonly (VersionRecord | undefined)[],
  ): void {
    for (const reference of droppedReferences(before, after)) this.drop(reference);
  }

  drop(reference: ImageReference): void {
    // What does not fit is left to the next start.
    if (this.#options.images === undefined || this.#waiting.length >= imageReleasesMax) return;
    this.#waiting.push(reference);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Only while nothing is being made ready: what is being stored has no record yet. */
  async sweep(needed: ReadonlySet<string>): Promise<void> {
    const { images } = this.#options;
    if (images === undefined) return;
    for (const { imageId, reference } of await images.references()) {
      if (isOfFunction(reference) && !needed.has(reference)) await images.release(imageId, reference);
    }
  }

  /** Resolves when nothing is being given back. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { imageId, reference } = next;
      await this.#options.images?.release(imageId, reference).catch((error: unknown) => {
        this.#options.onTrouble(`image ${imageId} is not needed and could not be released`, error);
      });
    }
  }
}

/** The names under which a version refers to images. */
export function referencesOf(version: VersionRecord): readonly string[] {
  return imagesOf(version).map(({ reference }) => reference);
}
