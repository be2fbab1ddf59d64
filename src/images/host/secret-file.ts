/** The secret that a zone's cache nodes and its workers share: a line of text in a file that only its owner can read. */
import { open } from 'node:fs/promises';
import { zoneLimits } from '../limits.ts';

/** Rejects when others can read the file, or it holds too little. */
export async function readSecretFile(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others; make it 0600`);
    const secret = size <= zoneLimits.secretFileBytesMax ? (await file.readFile('utf8')).trim() : '';
    if (secret.length < zoneLimits.secretCharactersMin || !/^[\x21-\x7e]+$/.test(secret)) {
      throw new Error(
        `${path} must hold one word of ${zoneLimits.secretCharactersMin} characters or more, of printable ASCII`,
      );
    }
    return secret;
  } finally {
    await file.close();
  }
}
