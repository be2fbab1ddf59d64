/**
 * The code store: archives are checked as if they were unpacked, then kept in Blobs under their digest; hosts unpack
 * them when a sandbox first needs them. An archive is checked again while it is unpacked, and its digest before that.
 */
import { createHash, webcrypto } from 'node:crypto';
import { assert } from '#lib/assert';
import type { CodeRecord } from '#metadata';
import type { Blobs } from '#platform';
import { type ArchiveEntry, readArchive } from './archive.ts';
import { Contents } from './contents.ts';
import { mergeTrees } from './host/tree-merger.ts';
import { type HeldTree, Trees } from './host/trees.ts';
import { writeTree } from './host/tree-writer.ts';
import type { CodeStore, StoreOutcome, UnpackOutcome } from './store.ts';
import { entryOverheadBytes, syncDigestBytesMax, treesBytesMaxDefault } from './limits.ts';
import { Refusal } from './refusal.ts';
import { checkLinks, planTree, type Tree } from './tree.ts';

/** Where archives stand in Blobs. */
export const codeBlobPrefix = 'code/';

export interface CodeStoreOptions {
  readonly blobs: Blobs;
  /** Absolute path for unpacked trees; made if it is not there. One process at a time may use it. */
  readonly directory: string;
  /** Disk for trees that no environment uses, in bytes. */
  readonly treesBytesMax?: number;
}

/** The store with what its owner may do besides. */
export interface OpenCodeStore extends CodeStore {
  /** Says what `store` would, and stores nothing. */
  check(archive: Uint8Array): Promise<StoreOutcome>;
  /**
   * Deletes every stored archive whose blob key is not in `referenced`; says how many. An archive that is being stored meanwhile is
   * not safe: to be called only while nothing can store (at the start of the only control plane).
   */
  sweep(referenced: ReadonlySet<string>): Promise<number>;
  /** Waits for work on the disk that nobody waits for. */
  close(): Promise<void>;
}

export function openCodeStore(options: CodeStoreOptions): OpenCodeStore {
  return new Store(options);
}

class Store implements OpenCodeStore {
  readonly #blobs: Blobs;
  readonly #trees: Trees;
  readonly #unpacking = new Map<string, Promise<UnpackOutcome>>();

  constructor({ blobs, directory, treesBytesMax = treesBytesMaxDefault }: CodeStoreOptions) {
    this.#blobs = blobs;
    this.#trees = new Trees(directory, treesBytesMax);
  }

  async store(archive: Uint8Array): Promise<StoreOutcome> {
    const outcome = await this.check(archive);
    if (outcome.kind === 'stored') await this.#blobs.putIfAbsent(outcome.code.blobKey, archive);
    return outcome;
  }

  async check(archive: Uint8Array): Promise<StoreOutcome> {
    let unpackedBytes: number;
    try {
      unpackedBytes = await examine(archive);
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', reason: error.reason, message: error.message };
      throw error;
    }
    const digest = await digestOf(archive);
    const blobKey = codeBlobPrefix + digest.toString('hex');
    return {
      kind: 'stored',
      code: { sha256: digest.toString('base64'), blobKey, sizeBytes: archive.byteLength, unpackedBytes },
      unpackedBytes,
    };
  }

  async unpack(code: CodeRecord): Promise<UnpackOutcome> {
    const digest = Buffer.from(code.sha256, 'base64').toString('hex');
    return this.#acquire(digest, () => this.#make(code, digest));
  }

  async unpackLayers(layers: readonly CodeRecord[]): Promise<UnpackOutcome> {
    const [only] = layers;
    assert(only !== undefined, 'no layers to unpack');
    if (layers.length === 1) return this.unpack(only);
    const digest = createHash('sha256')
      .update(['layers', ...layers.map(({ sha256 }) => sha256)].join('\n'))
      .digest('hex');
    return this.#acquire(digest, () => this.#merge(layers, digest));
  }

  async #acquire(digest: string, make: () => Promise<UnpackOutcome>): Promise<UnpackOutcome> {
    // Between the end of somebody else's making and the acquiring, the tree may be evicted again: then it is made once more.
    for (;;) {
      const ready = this.#trees.acquire(digest);
      if (ready) return { kind: 'ready', ...ready };
      const others = this.#unpacking.get(digest);
      if (!others) {
        const making = make().finally(() => this.#unpacking.delete(digest));
        this.#unpacking.set(digest, making);
        return making;
      }
      const outcome = await others;
      if (outcome.kind === 'broken') return outcome;
    }
  }

  async sweep(referenced: ReadonlySet<string>): Promise<number> {
    let deleted = 0;
    for (let after: string | undefined; ;) {
      const page = await this.#blobs.list(codeBlobPrefix, after === undefined ? {} : { after });
      for (const { key } of page) {
        if (referenced.has(key)) continue;
        await this.#blobs.delete(key);
        deleted += 1;
      }
      after = page.at(-1)?.key;
      if (after === undefined) return deleted;
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#unpacking.values());
    await this.#trees.settled();
  }

  /** Rejects where this host could not write the tree. */
  async #make(code: CodeRecord, digest: string): Promise<UnpackOutcome> {
    const archive = await this.#blobs.get(code.blobKey);
    if (!archive) return broken('the code archive is missing from the store');
    if ((await digestOf(archive)).toString('hex') !== digest) {
      return broken('the code archive in the store does not have the digest it was stored under');
    }
    return unlessRefused(this.#trees.make(digest, (directory) => unpackInto(directory, archive)));
  }

  /** As `#make`, for layers that lie over each other. */
  async #merge(layers: readonly CodeRecord[], digest: string): Promise<UnpackOutcome> {
    const unpacked: HeldTree[] = [];
    try {
      for (const layer of layers) {
        const outcome = await this.unpack(layer);
        if (outcome.kind === 'broken') return outcome;
        unpacked.push(outcome);
      }
      const roots = unpacked.map(({ directory }) => directory);
      return await unlessRefused(this.#trees.make(digest, (directory) => mergeTrees(roots, directory)));
    } finally {
      for (const { release } of unpacked) release();
    }
  }
}

const broken = (message: string): UnpackOutcome => ({ kind: 'broken', message });

async function unlessRefused(making: Promise<HeldTree>): Promise<UnpackOutcome> {
  try {
    return { kind: 'ready', ...(await making) };
  } catch (error) {
    if (error instanceof Refusal) return broken(`${error.message} (${error.detail})`);
    throw error; // the host's trouble (a full disk, say), which says nothing about the code: worth another try
  }
}

/** Does everything but write. Returns the bytes that the archive unpacks to. */
async function examine(archive: Uint8Array): Promise<number> {
  const contents = new Contents();
  const { tree } = await plan(archive, contents);
  for (const entry of tree.files) {
    if (Contents.isSmall(entry)) contents.whole(entry);
    else for await (const chunk of contents.chunks(entry)) assert(chunk.byteLength > 0, 'an empty chunk');
    await contents.turn();
  }
  return contents.unpackedBytes;
}

/** Returns the bytes of disk that the tree takes. */
async function unpackInto(directory: string, archive: Uint8Array): Promise<number> {
  const contents = new Contents();
  const { tree, targets } = await plan(archive, contents);
  await writeTree(directory, tree, targets, contents);
  const entries = tree.directories.length + tree.files.length + tree.links.length;
  return contents.unpackedBytes + entries * entryOverheadBytes;
}

async function plan(
  archive: Uint8Array,
  contents: Contents,
): Promise<{ tree: Tree; targets: ReadonlyMap<string, string> }> {
  const tree = planTree(await readArchive(archive));
  const targets = new Map<string, string>(
    tree.links.map((link: ArchiveEntry) => [link.path, Buffer.from(contents.whole(link)).toString('utf8')]),
  );
  checkLinks(targets);
  return { tree, targets };
}

async function digestOf(bytes: Uint8Array): Promise<Buffer> {
  if (bytes.byteLength <= syncDigestBytesMax) return createHash('sha256').update(bytes).digest();
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
