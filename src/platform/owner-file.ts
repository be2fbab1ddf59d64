/**
 * A small file that only its owner can read, made once and never replaced: a key. It is written under another name first, synced, and then
 * linked to its own: so there is never a part of it, and of several processes that start at the same time one wins.
 */
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
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
