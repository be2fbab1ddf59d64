/**
 * A small file that only its owner can read, made once and never replaced: a key. It is written under another name first, synced, and then
 * linked to its own: so there is never a part of it, and of several processes that start at the same time one wins.
 *
 * One that others can read (copied, or restored from a backup) is refused, as ssh does with its keys. To narrow its rights without a word would hide
 * what matters: while it was open somebody may have read it, and only the operator knows who could, and whether a new key is needed.
 */
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '#lib/operator-error';
import type { Entropy } from './random.ts';
import { syncDirectory } from './sync-directory.ts';

/** Durable when it resolves, whoever made it. Makes its directory, too, for its owner only. */
export async function createOwnerFile(
  path: string,
  text: string,
  entropy: Entropy,
): Promise<'made' | 'present'> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${entropy.uuid()}`;
  try {
    await writeDraft(draft, text);
    const outcome = await linked(draft, path);
    await syncDirectory(directory);
    return outcome;
  } finally {
    await unlink(draft).catch(() => {});
  }
}

/**
 * The text of such a file; undefined: there is none. Of one that is longer than `bytesMax` nothing is read, and the text is empty: we did not write it.
 * A link in its place is not followed. Rejects with an OperatorError where others can read it, else with the system's error.
 */
export async function readOwnerFile(path: string, bytesMax: number): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    if ((mode & othersRights) !== 0) {
      throw new OperatorError(
        `${path} can be read by others; make it 0600 (the file system has to keep rights). If somebody may have read it, what it holds is no secret any more.`,
      );
    }
    return size <= bytesMax ? await file.readFile('utf8') : '';
  } finally {
    await file.close();
  }
}

/** Of the group and of everybody. */
const othersRights = 0o077;

async function writeDraft(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linked(draft: string, path: string): Promise<'made' | 'present'> {
  try {
    await link(draft, path);
    return 'made';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'present';
    throw error;
  }
}
