/** The root key in the data directory: `root-key.json`, readable by its owner only. Of two processes that start at the same time one makes it, and both use it. */
import { join } from 'node:path';
import { isRootKey, type RootKey, type RootKeyStore } from '#identity';
import { OperatorError } from '#lib/operator-error';
import { createOwnerFile, type Entropy, readOwnerFile } from '#platform';

export const rootKeyFileName = 'root-key.json';

/** No key file is longer; what is longer was not written by us. */
const fileBytesMax = 4096;

/** Makes the directory when the first key is made. Rejects when the file is there and holds no key, or can be read by others. */
export function rootKeyFile(directory: string, entropy: Entropy): RootKeyStore {
  const path = join(directory, rootKeyFileName);
  return {
    read: () => readKey(path),
    async create(key) {
      await createOwnerFile(path, `${JSON.stringify(key, undefined, 2)}\n`, entropy);
      // Also our own: a file system without rights shows it to others, which is to be said now and not at the second start.
      const made = await readKey(path);
      if (made === undefined) throw new Error(`${path} was removed while it was made`);
      return made;
    },
  };
}

async function readKey(path: string): Promise<RootKey | undefined> {
  const text = await readOwnerFile(path, fileBytesMax);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (!isRootKey(value)) {
    throw new OperatorError(
      `${path} holds no root key. Restore it from a backup, or remove it to have a new key made.`,
    );
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
