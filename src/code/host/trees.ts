/**
 * The directory of unpacked trees, shared by all environments of this host:
 *
 *   <directory>/<digest>/            the tree
 *   <directory>/<digest>.complete    written last: which boot of the host wrote the tree, and its size
 *   <directory>/.making-<n>/         a tree in the making      ┐ swept at the start
 *   <directory>/.removing-<n>/       a tree on its way out     ┘
 *
 * A tree without its marker does not count. Neither does one from before the host's last boot: after a power failure
 * the marker can be on the disk where the tree's bytes are not.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '#lib/assert';
import { directoryMode } from './tree-writer.ts';

interface Tree {
  readonly bytes: number;
  uses: number;
}

const digestPattern = /^[0-9a-f]{64}$/;
const marker = '.complete';

/** A tree in use: it stays until `release`. */
export interface HeldTree {
  readonly directory: string;
  readonly release: () => void;
}

export class Trees {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #boot: string;
  /** From the least to the most recently used. */
  readonly #trees = new Map<string, Tree>();
  readonly #removals = new Set<Promise<void>>();
  #bytes = 0;
  #made = 0;

  /** Sweeps what an earlier run left half done. `bytesMax` bounds the disk that trees take while nobody uses them. */
  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#boot = bootId();
    mkdirSync(directory, { recursive: true, mode: directoryMode });
    this.#adopt();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the tree into use if it is there; undefined otherwise. */
  acquire(digest: string): HeldTree | undefined {
    const tree = this.#trees.get(digest);
    if (!tree) return undefined;
    if (!existsSync(join(this.#directory, digest))) {
      // Somebody tidied up under our feet: it is made again.
      this.#trees.delete(digest);
      this.#bytes -= tree.bytes;
      return undefined;
    }
    this.#trees.delete(digest);
    this.#trees.set(digest, tree);
    return this.#use(digest, tree);
  }

  #use(digest: string, tree: Tree): HeldTree {
    tree.uses += 1;
    this.#evict();
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      tree.uses -= 1;
      assert(tree.uses >= 0, 'a tree was released more often than acquired');
      this.#evict();
    };
    return { directory: join(this.#directory, digest), release };
  }

  /**
   * Makes a tree, in use for the caller: `fill` writes it into the directory it is given and says how many bytes of disk it takes. When
   * `fill` fails, nothing is left behind. At most one call per digest at a time.
   */
  async make(digest: string, fill: (directory: string) => Promise<number>): Promise<HeldTree> {
    assert(digestPattern.test(digest) && !this.#trees.has(digest), `cannot make tree ${digest}`);
    this.#made += 1;
    const making = join(this.#directory, `.making-${process.pid}-${this.#made}`);
    // With the directory of all, which somebody may have removed.
    mkdirSync(making, { recursive: true, mode: directoryMode });
    try {
      const bytes = await fill(making);
      const final = join(this.#directory, digest);
      renameSync(making, final);
      chmodSync(final, directoryMode);
      writeFileSync(final + marker, `${this.#boot} ${bytes}\n`);
      const tree = { bytes, uses: 0 };
      this.#trees.set(digest, tree);
      this.#bytes += bytes;
      return this.#use(digest, tree);
    } catch (error) {
      await this.#remove(making);
      throw error;
    }
  }

  /** Removes the least recently used trees that nobody uses until the rest fits. */
  #evict(): void {
    for (const [digest, tree] of this.#trees) {
      if (this.#bytes <= this.#bytesMax) return;
      if (tree.uses > 0) continue;
      this.#trees.delete(digest);
      this.#bytes -= tree.bytes;
      this.#discard(digest);
    }
  }

  /** Waits until what was evicted is gone from the disk. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #adopt(): void {
    const names = new Set(readdirSync(this.#directory));
    for (const name of names) {
      if (digestPattern.test(name)) {
        const bytes = names.has(name + marker) ? this.#readMarker(name) : undefined;
        if (bytes === undefined) this.#discard(name);
        else {
          this.#trees.set(name, { bytes, uses: 0 });
          this.#bytes += bytes;
        }
      } else if (name.startsWith('.making-') || name.startsWith('.removing-')) {
        this.#track(this.#remove(join(this.#directory, name)));
      } else if (name.endsWith(marker) && !names.has(name.slice(0, -marker.length))) {
        rmSync(join(this.#directory, name), { force: true });
      }
    }
    this.#evict();
  }

  /** The size of a tree that this boot of the host completed; undefined for any other. */
  #readMarker(digest: string): number | undefined {
    const path = join(this.#directory, digest);
    if (!statSync(path).isDirectory()) return undefined;
    const match = /^(\S+) (\d+)\n$/.exec(readFileSync(path + marker, 'utf8'));
    return match?.[1] === this.#boot && this.#boot !== '' ? Number(match[2]) : undefined;
  }

  /** Out of sight at once, so that the digest can be made again; off the disk a little later. */
  #discard(digest: string): void {
    const path = join(this.#directory, digest);
    this.#made += 1;
    const removing = join(this.#directory, `.removing-${process.pid}-${this.#made}`);
    rmSync(path + marker, { force: true });
    renameSync(path, removing);
    this.#track(this.#remove(removing));
  }

  #track(removal: Promise<void>): void {
    this.#removals.add(removal);
    void removal.finally(() => this.#removals.delete(removal));
  }

  /** What cannot be removed now is swept at the next start. */
  async #remove(path: string): Promise<void> {
    try {
      await openDirectories(path);
      await rm(path, { recursive: true, force: true });
    } catch {
      // Swept at the next start.
    }
  }
}

/** A function that runs as ourselves may have closed directories of its tree: opens them, so that their entries can be removed. */
async function openDirectories(path: string): Promise<void> {
  await chmod(path, directoryMode);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(path, entry.name));
  }
}

/** Changes with each start of the host; empty where the system does not tell. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
