/**
 * Directories that will still be there after a power failure: made if they are missing, and their names synced into the directories above.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Lru } from '#lib/lru';
import { syncDirectory } from '../../sync-directory.ts';
import { errorCode } from './file-error.ts';

/** Directories that are known to be durable and need not be looked at again. */
const knownDirectoriesMax = 10_000;

export class DurableDirectories {
  readonly #root: string;
  readonly #known = new Lru<string, true>(knownDirectoriesMax);

  /** `root` is made durable by `ensure` too; what is above it must exist. */
  constructor(root: string) {
    this.#root = root;
  }

  async ensure(path: string): Promise<void> {
    if (this.#known.get(path) === true) return;
    if (path !== this.#root) await this.ensure(dirname(path));
    await mkdir(path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    // Also when it was there already: whoever made it may not have come as far as this.
    await syncDirectory(dirname(path));
    this.#known.set(path, true);
  }
}
