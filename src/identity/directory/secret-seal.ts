/**
 * Secrets of users' access keys at rest: base64( nonce, 12 bytes | AES-256-GCM ciphertext | tag, 16 bytes ), bound to the id of the key, so
 * that a secret cannot be moved to another one. The sealing key is derived from the master secret, which is not in the store.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '#lib/assert';

const cipher = 'aes-256-gcm';
export const nonceBytes = 12;
const tagBytes = 16;

export class SecretSeal {
  readonly #key: Uint8Array;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** `nonce`: 12 random bytes, never used twice. */
  seal(accessKeyId: string, secret: string, nonce: Uint8Array): string {
    assert(nonce.length === nonceBytes, `a nonce has ${nonceBytes} bytes`);
    const seal = createCipheriv(cipher, this.#key, nonce, { authTagLength: tagBytes }).setAAD(
      Buffer.from(accessKeyId),
    );
    return Buffer.concat([nonce, seal.update(secret, 'utf8'), seal.final(), seal.getAuthTag()]).toString(
      'base64',
    );
  }

  /** Undefined where it was sealed with another master secret, or changed. */
  open(accessKeyId: string, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    const open = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(accessKeyId))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const start = open.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([start, open.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}
