/**
 * Convergent encryption: the key of a chunk is a hash of its contents, so that equal chunks are stored once although nobody can read
 * what they do not have.
 *
 *     key        = SHA-256(salt, chunk)
 *     ciphertext = AES-256-CTR(key, IV 0, chunk)     a key encrypts one chunk only, so the IV may be constant
 *     name       = SHA-256(ciphertext)
 *
 * A reader who has name and key needs nothing else: a wrong byte shows in the name.
 */
import { createCipheriv, createHash, hash } from 'node:crypto';

export interface SealedChunk {
  /** 32 bytes as hex. */
  readonly name: string;
  /** 32 bytes. */
  readonly key: Buffer;
  readonly ciphertext: Buffer;
}

const noIv = Buffer.alloc(16);

export function sealChunk(salt: Uint8Array, chunk: Uint8Array): SealedChunk {
  const key = createHash('sha256').update(salt).update(chunk).digest();
  const ciphertext = createCipheriv('aes-256-ctr', key, noIv).update(chunk);
  return { name: nameOf(ciphertext), key, ciphertext };
}

export function nameOf(ciphertext: Uint8Array): string {
  return hash('sha256', ciphertext, 'hex');
}

/** The chunk, whose ciphertext must have been compared with its name. */
export function openChunk(key: Uint8Array, ciphertext: Uint8Array): Buffer {
  // CTR mode is its own inverse.
  return createCipheriv('aes-256-ctr', key, noIv).update(ciphertext);
}
