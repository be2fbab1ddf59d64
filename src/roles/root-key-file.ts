/**
 * The root key in the data directory: `root-key.json`, readable by its owner only.
 *
 * It is written under another name first, flushed, and then linked to its own: so there is never a part of a key, and
 * of two processes that start at the same time one wins and both use the winner's key.
 */
import { constants } from 'node:fs';
import { chmod, link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isRootKey, type RootKey, type RootKeyStore } from '#identity';
import type { Entropy } from '#platform';

export const rootKeyFileName = 'root-key.json';

const ownerOnly = 0o600;
/** No key file is longer; what is longer was not written by us. */
const fileBytesMax = 4096;

/** Makes the directory when the first key is made. Rejects when the file is there and holds no key. */
export function rootKeyFile(directory: string, entropy: Entropy): RootKeyStore {
  const path = join(directory, rootKeyFileName);
  return {
    read: () => readKey(path),
    async create(key) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const draft = `${path}.${entropy.uuid()}`;
      try {
        await writeDraft(draft, key);
        await link(draft, path);
        await flushDirectory(directory);
        return key;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const winner = await readKey(path);
        if (winner === undefined) throw error;
        return winner;
      } finally {
        await unlink(draft).catch(() => {});
      }
    },
  };
}

async function readKey(path: string): Promise<RootKey | undefined> {
  let file;
  try {
    // A link planted in the place of the key is not followed.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    const value = size <= fileBytesMax ? parse(await file.readFile('utf8')) : undefined;
    if (!isRootKey(value)) {
      throw new Error(
        `${path} holds no root key. Restore it from a backup, or remove it to have a new key made.`,
      );
    }
    // Copied or restored with wider rights: narrow them before the key is used.
    if ((mode & 0o077) !== 0) await chmod(path, ownerOnly);
    return value;
  } finally {
    await file.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function writeDraft(path: string, key: RootKey): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, ownerOnly);
  try {
    await file.writeFile(`${JSON.stringify(key, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
