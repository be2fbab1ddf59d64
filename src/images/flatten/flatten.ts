/**
 * Lays the layers of an image over each other, and writes the result as one ext4 image, in one pass over each layer. The same layers
 * give the same bytes everywhere and always.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ImageWriter, type ImageShape } from '../ext4/image-writer.ts';
import type { ChunkSink } from '../ext4/chunk-stream.ts';
import type { Inode } from '../ext4/inode.ts';
import { unpacked, type Layer } from '../layers/unpacked.ts';
import { imageLimits, tarLimits, type ImageLimits } from '../limits.ts';
import { malformed, shown, tooLarge } from '../refusal.ts';
import { TarArchive } from '../tar/archive.ts';
import { ByteReader } from '../tar/byte-reader.ts';
import type { Entry, Metadata } from '../tar/entry.ts';
import { namesOf, Paths, type Place } from './paths.ts';
import { inodeOf, isDirectory, Tree } from './tree.ts';

export interface FlattenProgress {
  /** Layers that are done. */
  readonly layers: number;
  /** Of files' contents. */
  readonly unpackedBytes: number;
  readonly entries: number;
}

export interface FlattenOptions {
  readonly limits?: Partial<ImageLimits>;
  /** Called after each layer, and now and then within one. */
  readonly onProgress?: (progress: FlattenProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FlattenedImage extends ImageShape {
  readonly unpackedBytes: number;
  readonly entries: number;
}

/** Names that start so are about other names. */
const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** What AUFS kept for itself, in old images. */
const aufsPrefix = '.wh..wh.';

/** Entries between two chances for others to run. */
const turnEntries = 64;

/**
 * Resolves when the sink has taken every chunk. Rejects with an ImageRefusal if the layers are at fault, else with what the sink or a
 * layer's stream rejected with; the sink has then nothing in flight any more.
 */
export async function flatten(
  layers: readonly Layer[],
  sink: ChunkSink,
  options: FlattenOptions = {},
): Promise<FlattenedImage> {
  const flattening = new Flattening(sink, options);
  try {
    return await flattening.run(layers);
  } catch (error) {
    await flattening.settle();
    throw error;
  }
}

class Flattening {
  readonly #limits: ImageLimits;
  readonly #options: FlattenOptions;
  readonly #writer: ImageWriter;
  readonly #tree: Tree;
  readonly #paths: Paths;
  #layers = 0;
  #headers = 0;
  #unpackedBytes = 0;
  #sparsePieces = 0;

  constructor(sink: ChunkSink, options: FlattenOptions) {
    this.#limits = { ...imageLimits, ...options.limits };
    this.#options = options;
    this.#writer = new ImageWriter(sink);
    this.#tree = new Tree(this.#writer, this.#limits);
    this.#paths = new Paths(this.#tree);
  }

  async run(layers: readonly Layer[]): Promise<FlattenedImage> {
    if (layers.length > this.#limits.layersMax)
      throw tooLarge(`an image has more than ${this.#limits.layersMax} layers`);
    if (layers.length === 0) await this.#emptyLayer();
    for (const layer of layers) {
      await this.#layer(layer);
      this.#layers += 1;
      this.#report();
    }
    const shape = await this.#writer.finish();
    return { ...shape, unpackedBytes: this.#unpackedBytes, entries: this.#tree.entries };
  }

  async settle(): Promise<void> {
    await this.#writer.settle();
  }

  async #emptyLayer(): Promise<void> {
    this.#tree.beginLayer();
    await this.#tree.endLayer();
  }

  async #layer(layer: Layer): Promise<void> {
    const reader = new ByteReader(unpacked(layer), tarLimits.streamBytesMax);
    const archive = new TarArchive(reader);
    this.#tree.beginLayer();
    try {
      for (let entry; (entry = await archive.next()) !== undefined;) {
        this.#headers += 1;
        if (this.#headers > this.#limits.headersMax) throw tooLarge('layers have too many entries');
        if (this.#headers % turnEntries === 0) await this.#turn();
        await this.#entry(entry, archive);
      }
    } finally {
      await reader.close();
    }
    await this.#tree.endLayer();
  }

  async #turn(): Promise<void> {
    await turn();
    this.#options.signal?.throwIfAborted();
    if (this.#headers % (turnEntries * 16) === 0) this.#report();
  }

  #report(): void {
    this.#options.onProgress?.({
      layers: this.#layers,
      unpackedBytes: this.#unpackedBytes,
      entries: this.#tree.entries,
    });
  }

  async #entry(entry: Entry, archive: TarArchive): Promise<void> {
    const names = namesOf(entry.path);
    const name = names.at(-1);
    if (names.some((part) => part.startsWith(whiteoutPrefix))) {
      this.#whiteout(names, entry.path);
    } else if (name === undefined) {
      if (entry.kind !== 'directory') throw malformed('the root of an image is no directory');
      await this.#describe(this.#tree.root.inode, entry);
    } else {
      await this.#make(this.#paths.place(names), entry, archive);
    }
  }

  #whiteout(names: readonly string[], path: string): void {
    if (names.some((name) => name.startsWith(aufsPrefix) && name !== opaqueName)) return;
    const place = this.#paths.existingPlace(names);
    if (names.slice(0, -1).some((name) => name.startsWith(whiteoutPrefix))) {
      throw malformed(`${shown(path)} is below a whiteout`);
    }
    if (place?.name === opaqueName) {
      this.#tree.clear(place.directory);
      return;
    }
    const hidden = (names.at(-1) ?? '').slice(whiteoutPrefix.length);
    if (hidden === '' || hidden === '.' || hidden === '..') throw malformed(`${shown(path)} hides no name`);
    if (place !== undefined) this.#tree.hide(place.directory, hidden);
  }

  async #make({ directory, name }: Place, entry: Entry, archive: TarArchive): Promise<void> {
    switch (entry.kind) {
      case 'directory': {
        let node = directory.children.get(name);
        if (node === undefined || !isDirectory(node)) {
          this.#tree.removeName(directory, name);
          node = this.#tree.makeDirectory(directory, name);
        } else {
          this.#tree.restate(node, name);
        }
        await this.#describe(node.inode, entry);
        return;
      }
      case 'link': {
        const target = this.#paths.find(namesOf(entry.target));
        if (target === undefined)
          throw malformed(`${shown(entry.path)} is a link to a file that is not there`);
        if (isDirectory(target)) throw malformed(`${shown(entry.path)} is a hard link to a directory`);
        this.#tree.link(directory, name, inodeOf(target));
        return;
      }
      case 'symlink': {
        const { target } = entry;
        if (target === '' || target.length > tarLimits.linkBytesMax) {
          throw malformed(
            `${shown(entry.path)} is a symbolic link with an empty target or one that is too long`,
          );
        }
        const inode = this.#writer.inode('symlink', target);
        await this.#describe(inode, { ...entry, mode: 0o777 });
        await this.#writer.writeTarget(inode);
        this.#tree.link(directory, name, inode);
        return;
      }
      case 'fifo': {
        const inode = this.#writer.inode('fifo');
        await this.#describe(inode, entry);
        this.#tree.link(directory, name, inode);
        return;
      }
      case 'file': {
        const inode = this.#writer.inode('file');
        await this.#describe(inode, entry);
        await this.#fill(inode, entry, archive);
        this.#tree.link(directory, name, inode);
        return;
      }
      default:
        entry satisfies never;
    }
  }

  async #fill(inode: Inode, entry: Entry & { readonly kind: 'file' }, archive: TarArchive): Promise<void> {
    const pieces = entry.pieces ?? [{ offset: 0, bytes: entry.sizeBytes }];
    // Before the data are read.
    this.#unpackedBytes += pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#unpackedBytes > this.#limits.unpackedBytesMax) {
      throw tooLarge(`an image unpacks to more than ${this.#limits.unpackedBytesMax} bytes`);
    }
    this.#sparsePieces += entry.pieces?.length ?? 0;
    if (this.#sparsePieces > tarLimits.sparsePiecesPerImageMax)
      throw tooLarge('sparse files have too many pieces');
    inode.sizeBytes = entry.sizeBytes;
    const content = this.#writer.content();
    let piece = 0;
    let left = 0;
    for (let data; (data = await archive.content()) !== undefined;) {
      for (let done = 0; done < data.length;) {
        if (left === 0) {
          const next = pieces[piece++];
          if (next === undefined) throw malformed(`${shown(entry.path)} has more data than pieces`);
          await content.seek(next.offset);
          left = next.bytes;
        }
        const part = data.subarray(done, done + left);
        await content.write(part);
        done += part.length;
        left -= part.length;
      }
    }
    inode.extents = await content.finish();
  }

  async #describe(inode: Inode, { path, mode, uid, gid, mtime, attributes }: Metadata): Promise<void> {
    inode.mode = mode;
    inode.uid = uid;
    inode.gid = gid;
    inode.mtimeSeconds = mtime.seconds;
    inode.mtimeNanoseconds = mtime.nanoseconds;
    if (attributes.length > 0 || inode.attributes.inside !== '' || inode.attributes.block !== 0) {
      await this.#writer.writeAttributes(inode, attributes, path);
    }
  }
}
