/**
 * The master key of the local keyring: 32 bytes as hex in a file that only its owner can read. Whoever loses it loses every image; whoever has it
 * and the store can read them all.
 */
import { OperatorError } from '#lib/operator-error';
import { createOwnerFile, type Entropy, readOwnerFile } from '#platform';

const fileBytesMax = 1024;

/** The keys in the file, one a line, the sealing one first; makes the file with a new key if there is none. Rejects when it holds anything else, or can be read by others. */
export async function readMasterKeys(path: string, entropy: Entropy): Promise<readonly Uint8Array[]> {
  const keys = await masterKeysIn(path);
  if (keys !== undefined) return keys;
  // Of two processes that start at once one makes it, and both use its key.
  await createOwnerFile(path, `${Buffer.from(entropy.bytes(32)).toString('hex')}\n`, entropy);
  const made = await masterKeysIn(path);
  if (made === undefined) throw new Error(`${path} was removed while it was made`);
  return made;
}

/** As `readMasterKeys`; undefined: there is no file, and none is made. */
export async function masterKeysIn(path: string): Promise<readonly Uint8Array[] | undefined> {
  const text = await readOwnerFile(path, fileBytesMax);
  if (text === undefined) return undefined;
  const keys = text.split('\n').filter((line) => line !== '');
  if (keys.length === 0 || keys.some((key) => !/^[0-9a-f]{64}$/.test(key))) {
    throw new OperatorError(
      `${path} holds no master key. Restore it from a backup: without it no image can be read.`,
    );
  }
  return keys.map((key) => Buffer.from(key, 'hex'));
}
