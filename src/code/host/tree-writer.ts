/**
 * Writes a planned tree into an empty directory. Links come last, so nothing is ever written through one, and every file
 * must be new to the file system (which may hold two names for one where the archive saw two).
 */
import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveEntry } from '../archive.ts';
import { Contents } from '../contents.ts';
import type { Tree } from '../tree.ts';

/** For everybody to read, whoever the sandbox runs as; nobody to write. Set-user-id and the like are never taken over. */
const fileMode = 0o444;
const executableMode = 0o555;
/** Writable for the owner, so that whoever owns the data directory can delete it; a sandbox should be somebody else. */
export const directoryMode = 0o755;

/** Throws a Refusal when the archive is not what it seemed, or the file system's error. */
export async function writeTree(
  root: string,
  tree: Tree,
  targets: ReadonlyMap<string, string>,
  contents: Contents,
): Promise<void> {
  for (const path of tree.directories) {
    mkdirSync(join(root, path), { mode: directoryMode });
    await contents.turn();
  }
  for (const entry of tree.files) {
    const path = join(root, entry.path);
    if (Contents.isSmall(entry)) writeSmall(path, entry, contents.whole(entry));
    else await writeLarge(path, entry, contents);
    await contents.turn();
  }
  for (const [path, target] of targets) {
    symlinkSync(target, join(root, path));
    await contents.turn();
  }
  for (const path of tree.directories) {
    chmodSync(join(root, path), directoryMode); // whatever the umask is
    await contents.turn();
  }
}

const modeOf = (entry: ArchiveEntry): number => (entry.executable ? executableMode : fileMode);

/** A few system calls on files this small cost less than handing them to another thread. */
function writeSmall(path: string, entry: ArchiveEntry, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', modeOf(entry));
  try {
    for (let written = 0; written < bytes.byteLength;) written += writeSync(file, bytes, written);
    fchmodSync(file, modeOf(entry)); // whatever the umask is
  } finally {
    closeSync(file);
  }
}

async function writeLarge(path: string, entry: ArchiveEntry, contents: Contents): Promise<void> {
  const file = await open(path, 'wx', modeOf(entry));
  try {
    for await (const chunk of contents.chunks(entry)) {
      for (let written = 0; written < chunk.byteLength;) {
        written += (await file.write(chunk, written)).bytesWritten;
      }
    }
    await file.chmod(modeOf(entry));
  } finally {
    await file.close();
  }
}
