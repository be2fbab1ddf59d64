/**
 * The tree of an image while layers are laid over each other. Only names and inodes are kept; contents go straight into the image.
 *
 * Within a layer, order does not matter to whiteouts: they hide what lower layers made, never what this one did. So the names that
 * the current layer made are remembered until it ends.
 */
import { Inode } from '../ext4/inode.ts';
import type { ImageWriter } from '../ext4/image-writer.ts';
import { treeLimits, type ImageLimits } from '../limits.ts';
import { malformed, shown, tooLarge } from '../refusal.ts';

export interface Directory {
  readonly inode: Inode;
  readonly parent: Directory | undefined;
  readonly depth: number;
  /** The node of a directory, the inode of anything else. */
  readonly children: Map<string, Node>;
}

export type Node = Directory | Inode;

export const isDirectory = (node: Node): node is Directory => !(node instanceof Inode);
export const inodeOf = (node: Node): Inode => (isDirectory(node) ? node.inode : node);

/** What the current layer did to a directory. */
interface Change {
  readonly made: Set<string>;
  /** Nothing of lower layers is left in it. */
  cleared: boolean;
}

export class Tree {
  readonly root: Directory;
  readonly #writer: ImageWriter;
  readonly #limits: ImageLimits;
  readonly #changes = new Map<Directory, Change>();
  #layers = 0;
  #entries = 0;
  #textBytes = 0;
  #version = 0;

  constructor(writer: ImageWriter, limits: ImageLimits) {
    this.#writer = writer;
    this.#limits = limits;
    this.root = { inode: writer.inode('directory'), parent: undefined, depth: 0, children: new Map() };
    this.root.inode.links = 2;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Changes whenever a path may lead elsewhere than before. */
  get version(): number {
    return this.#version;
  }

  beginLayer(): void {
    this.#layers += 1;
    if (this.#layers === 1) this.#change(this.root);
  }

  /** Ends the layer, and writes the directories that it changed. */
  async endLayer(): Promise<void> {
    const changed = [...this.#changes.keys()].filter(({ inode }) => inode.links > 0);
    this.#changes.clear();
    await this.#writer.nextPart();
    for (const directory of changed.sort((left, right) => left.inode.number - right.inode.number)) {
      const children = new Map<string, Inode>();
      for (const [name, node] of directory.children) children.set(name, inodeOf(node));
      await this.#writer.writeDirectory(directory.inode, (directory.parent ?? directory).inode, children);
    }
    await this.#writer.nextPart();
  }

  /** A new directory without attributes; the name must be free. */
  makeDirectory(parent: Directory, name: string): Directory {
    if (parent.depth === treeLimits.depthMax) throw tooLarge('directories are too deep');
    const inode = this.#writer.inode('directory');
    const directory = { inode, parent, depth: parent.depth + 1, children: new Map<string, Node>() };
    this.#insert(parent, name, directory);
    inode.links = 2;
    parent.inode.links += 1;
    this.#change(directory).cleared = true;
    return directory;
  }

  /** Gives an inode that is no directory a name, instead of whatever has it. */
  link(parent: Directory, name: string, inode: Inode): void {
    if (inode.links === treeLimits.linksMax) throw tooLarge(`${shown(name)}: a file has too many names`);
    // First, so that a name below the one that is replaced keeps it alive.
    inode.links += 1;
    this.removeName(parent, name);
    this.#insert(parent, name, inode);
  }

  removeName(parent: Directory, name: string): void {
    const node = parent.children.get(name);
    if (node === undefined) return;
    parent.children.delete(name);
    this.#change(parent).made.delete(name);
    this.#version += 1;
    if (isDirectory(node)) parent.inode.links -= 1;
    this.#drop(name, node);
  }

  /** Says that the current layer states the name, which was there before. */
  restate(directory: Directory, name: string): void {
    const { parent } = directory;
    if (parent !== undefined) this.#made(parent, name);
  }

  /** A whiteout: hides `name` of lower layers. */
  hide(parent: Directory, name: string): void {
    const node = parent.children.get(name);
    if (node === undefined || this.#layers === 1) return;
    const made = this.#changes.get(parent)?.made.has(name) ?? false;
    if (isDirectory(node)) this.clear(node);
    const empty = !isDirectory(node) || node.children.size === 0;
    if (!made && empty) this.removeName(parent, name);
  }

  /** An opaque directory: hides all that lower layers have in it. */
  clear(directory: Directory): void {
    const change = this.#change(directory);
    if (change.cleared || this.#layers === 1) return;
    change.cleared = true;
    for (const name of directory.children.keys()) this.hide(directory, name);
  }

  #insert(parent: Directory, name: string, node: Node): void {
    if (parent.inode.links === 0) throw malformed(`${shown(name)} is in a directory that was removed`);
    this.#entries += 1;
    if (this.#entries > this.#limits.entriesMax) throw tooLarge(`more than ${this.#limits.entriesMax} files`);
    this.#textBytes += textOf(name, node);
    if (this.#textBytes > this.#limits.textBytesMax) throw tooLarge('names and links take too much room');
    const own = ownCopy(name);
    parent.children.set(own, node);
    this.#made(parent, own);
  }

  /** Forgets a node that was taken out of its directory, with all below it. */
  #drop(name: string, node: Node): void {
    this.#entries -= 1;
    this.#textBytes -= textOf(name, node);
    if (isDirectory(node)) {
      for (const [childName, child] of node.children) this.#drop(childName, child);
      node.children.clear();
      this.#changes.delete(node);
      this.#writer.remove(node.inode);
      return;
    }
    node.links -= 1;
    if (node.links === 0) this.#writer.remove(node);
  }

  /** The first layer has nothing below it to be hidden. */
  #made(parent: Directory, name: string): void {
    const change = this.#change(parent);
    if (this.#layers > 1) change.made.add(name);
  }

  #change(directory: Directory): Change {
    const known = this.#changes.get(directory);
    if (known !== undefined) return known;
    const change = { made: new Set<string>(), cleared: false };
    this.#changes.set(directory, change);
    return change;
  }
}

/** A part of a longer text keeps all of it in memory; names are cut out of paths, and there are many. */
function ownCopy(name: string): string {
  return Buffer.from(name, 'latin1').toString('latin1');
}

function textOf(name: string, node: Node): number {
  return name.length + (isDirectory(node) ? 0 : node.target.length);
}
