/** Where interpreters are kept on a host: the PATH, and the folders of the usual version managers. */
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { candidatesMax } from '../limits.ts';

export interface Surroundings {
  /** `PATH` */
  readonly path: string;
  readonly home: string;
  /** `PYENV_ROOT`, if it is set. */
  readonly pyenvRoot?: string;
  /** `JAVA_HOME`, if it is set. */
  readonly javaHome?: string;
}

/** Executables that may be Node of that major version, most likely first. */
export function nodePlaces(major: number, around: Surroundings): readonly string[] {
  const folders = around.path.split(delimiter);
  return existing([
    ...folders.map((folder) => join(folder, `node${major}`)),
    ...folders.map((folder) => join(folder, 'node')),
    ...versions(join(around.home, '.nvm/versions/node'), `v${major}.`, 'bin/node'),
    ...versions(join(around.home, '.local/share/fnm/node-versions'), `v${major}.`, 'installation/bin/node'),
  ]);
}

/** Executables that may be Python 3.`minor`, most likely first; a version manager's shims, which may refuse, last. */
export function pythonPlaces(minor: number, around: Surroundings): readonly string[] {
  const name = `python3.${minor}`;
  const folders = [...around.path.split(delimiter), '/usr/local/bin', '/opt/homebrew/bin'];
  const real = folders.filter((folder) => !isShim(folder));
  const pyenv = join(around.pyenvRoot ?? join(around.home, '.pyenv'), 'versions');
  return existing([
    ...real.map((folder) => join(folder, name)),
    ...versions(pyenv, `3.${minor}.`, `bin/${name}`),
    ...versions(join(around.home, '.local/share/uv/python'), `cpython-3.${minor}.`, `bin/${name}`),
    ...real.map((folder) => join(folder, 'python3')),
    ...folders.filter(isShim).map((folder) => join(folder, name)),
  ]);
}

/** Executables that may be any Java, most likely first. Their versions stand beside them, so all are looked at. */
export function javaPlaces(around: Surroundings): readonly string[] {
  const folders = around.path.split(delimiter);
  return existing([
    ...(around.javaHome === undefined ? [] : [join(around.javaHome, 'bin/java')]),
    ...folders.filter((folder) => !isShim(folder)).map((folder) => join(folder, 'java')),
    ...versions('/usr/lib/jvm', '', 'bin/java'),
    ...versions('/Library/Java/JavaVirtualMachines', '', 'Contents/Home/bin/java'),
    ...versions(join(around.home, '.sdkman/candidates/java'), '', 'bin/java'),
    ...versions(join(around.home, '.asdf/installs/java'), '', 'bin/java'),
    ...versions(join(around.home, '.local/share/mise/installs/java'), '', 'bin/java'),
  ]);
}

/** Executables that may be Ruby of that line (`3.4`), most likely first. */
export function rubyPlaces(line: string, around: Surroundings): readonly string[] {
  const folders = [...around.path.split(delimiter), '/usr/local/bin', `/opt/homebrew/opt/ruby@${line}/bin`];
  const real = folders.filter((folder) => !isShim(folder));
  return existing([
    ...real.map((folder) => join(folder, `ruby${line}`)),
    ...versions(join(around.home, '.rbenv/versions'), `${line}.`, 'bin/ruby'),
    ...versions(join(around.home, '.rvm/rubies'), `ruby-${line}.`, 'bin/ruby'),
    ...versions(join(around.home, '.asdf/installs/ruby'), `${line}.`, 'bin/ruby'),
    ...versions(join(around.home, '.local/share/mise/installs/ruby'), `${line}.`, 'bin/ruby'),
    ...versions('/opt/rubies', `ruby-${line}.`, 'bin/ruby'),
    ...real.map((folder) => join(folder, 'ruby')),
  ]);
}

function isShim(folder: string): boolean {
  return /\/shims\/?$/.test(folder);
}

/** `root/<entry that starts with prefix>/file`, newest version first. */
function versions(root: string, prefix: string, file: string): readonly string[] {
  let entries: readonly string[];
  try {
    entries = readdirSync(root);
  } catch {
    return []; // that version manager is not here
  }
  return entries
    .filter((entry) => entry.startsWith(prefix))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((entry) => join(root, entry, file));
}

/** Those that can be executed, each program once. */
function existing(places: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return places
    .filter((place) => {
      try {
        accessSync(place, constants.X_OK);
        const program = realpathSync(place);
        // Shims of a version manager are one program that looks at the name it is called by.
        const key = program.includes('/shims/') ? place : program;
        if (!place.startsWith('/') || seen.has(key)) return false;
        seen.add(key);
        return true;
      } catch {
        return false;
      }
    })
    .slice(0, candidatesMax);
}
