/** The root key in the data directory: `root-key.json`, readable by its owner only. Of two processes that start at the same time one makes it, and both use it. */
import { constants } from 'node:fs';
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import { isRootKey, type RootKey, type RootKeyStore } from '#identity';
import { OperatorError } from '#lib/operator-error';
import { createOwnerFile, type Entropy } from '#platform';

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
      const outcome = await createOwnerFile(path, `${JSON.stringify(key, undefined, 2)}\n`, entropy);
      if (outcome === 'made') return key;
      const winner = await readKey(path);
      if (winner === undefined) throw new Error(`${path} was removed while it was made`);
      return winner;
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
      throw new OperatorError(
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
