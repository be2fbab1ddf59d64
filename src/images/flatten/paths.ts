/**
 * Finds where a name in an archive leads. Names are of the image: they start at its root with or without `/`. Symbolic links on the way are
 * followed inside the image, as a process in it would; `..` stands only in links, and does not lead above the root.
 */
import { tarLimits, treeLimits } from '../limits.ts';
import { forbidden, malformed, shown, tooLarge } from '../refusal.ts';
import { inodeOf, isDirectory, type Directory, type Node, type Tree } from './tree.ts';

export interface Place {
  readonly directory: Directory;
  readonly name: string;
}

/** The names of a path; empty for the root. */
export function namesOf(path: string): string[] {
  if (path.length > tarLimits.pathBytesMax)
    throw tooLarge(`${shown(path)} is longer than ${tarLimits.pathBytesMax} bytes`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  for (const name of names) {
    if (name === '..') throw forbidden(`${shown(path)} leads out of its directory`);
    if (name.length > tarLimits.nameBytesMax) {
      throw tooLarge(`${shown(path)} has a name of more than ${tarLimits.nameBytesMax} bytes`);
    }
  }
  return names;
}

export class Paths {
  readonly #tree: Tree;
  /** Archives list a directory's names in a row. */
  #last: { readonly parents: string; readonly version: number; readonly directory: Directory } | undefined;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Where a new name goes; directories on the way are made if they are missing. `names` has at least one. */
  place(names: readonly string[]): Place {
    const parents = names.slice(0, -1).join('/');
    const { version } = this.#tree;
    if (this.#last?.parents !== parents || this.#last.version !== version) {
      const directory = this.#walk(names.slice(0, -1), true);
      if (directory === undefined) throw malformed(`${shown(parents)} does not exist`);
      this.#last = { parents, version, directory };
    }
    return { directory: this.#last.directory, name: names.at(-1) ?? '' };
  }

  /** The same where nothing is to be made: undefined if a directory is missing. */
  existingPlace(names: readonly string[]): Place | undefined {
    const directory = this.#walk(names.slice(0, -1), false);
    return directory && { directory, name: names.at(-1) ?? '' };
  }

  /** What stands there; a symbolic link at the end is not followed. */
  find(names: readonly string[]): Node | undefined {
    const place = this.existingPlace(names);
    return place?.directory.children.get(place.name);
  }

  #walk(names: readonly string[], make: boolean): Directory | undefined {
    const todo = names.toReversed();
    let at = this.#tree.root;
    let links = 0;
    for (let steps = 0; todo.length > 0; steps += 1) {
      if (steps === treeLimits.stepsMax)
        throw tooLarge(`${shown(names.join('/'))} leads through too many names`);
      const name = todo.pop() ?? '';
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = at.parent ?? at;
        continue;
      }
      const node = at.children.get(name);
      if (node === undefined) {
        if (!make) return undefined;
        if (name.length > tarLimits.nameBytesMax) throw tooLarge(`${shown(name)} is too long a name`);
        at = this.#tree.makeDirectory(at, name);
      } else if (isDirectory(node)) {
        at = node;
      } else if (inodeOf(node).kind === 'symlink') {
        links += 1;
        if (links > treeLimits.linksFollowedMax)
          throw forbidden(`${shown(names.join('/'))} leads through a loop of links`);
        if (node.target.startsWith('/')) at = this.#tree.root;
        for (const part of node.target.split('/').toReversed()) todo.push(part);
      } else {
        if (!make) return undefined;
        throw malformed(`${shown(names.join('/'))} is below a file`);
      }
    }
    return at;
  }
}
