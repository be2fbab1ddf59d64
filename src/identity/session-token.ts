/**
 * Session tokens: everything about temporary credentials, sealed, so that nothing of them has to be stored.
 *
 *     base64( version 1 | nonce, 12 bytes | AES-256-GCM ciphertext | tag, 16 bytes )
 *     plaintext: JSON [accessKeyId, roleArn, sessionName, expiresAtMs]
 *
 * The secret access key is derived from the token itself, so the two cannot be parted. The version byte is
 * authenticated with the ciphertext.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { secretBytes, secretOfBytes } from './key-text.ts';
import { sessionTokenCharactersMax } from './limits.ts';

export interface Session {
  readonly accessKeyId: string;
  readonly roleArn: string;
  readonly sessionName: string;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const aad = Uint8Array.of(version);
const cipher = 'aes-256-gcm';

/** A key for one purpose, of 32 bytes, from the master secret. */
export function deriveKey(masterSecret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterSecret, new Uint8Array(0), `lambkin/${purpose}`, 32));
}

export class SessionTokens {
  readonly #sealKey: Uint8Array;
  readonly #secretKey: Uint8Array;

  constructor(masterSecret: Uint8Array) {
    this.#sealKey = deriveKey(masterSecret, 'session-token');
    this.#secretKey = deriveKey(masterSecret, 'session-secret');
  }

  /** `nonce`: 12 random bytes, never used twice. */
  seal(session: Session, nonce: Uint8Array): string {
    const seal = createCipheriv(cipher, this.#sealKey, nonce, { authTagLength: tagBytes }).setAAD(aad);
    const plain = JSON.stringify([
      session.accessKeyId,
      session.roleArn,
      session.sessionName,
      session.expiresAtMs,
    ]);
    const sealed = Buffer.concat([aad, nonce, seal.update(plain, 'utf8'), seal.final(), seal.getAuthTag()]);
    return sealed.toString('base64');
  }

  /** What a token says, or undefined where it is not one of ours, whole and unchanged. Expired ones open too. */
  open(token: string): Session | undefined {
    if (token.length > sessionTokenCharactersMax) return undefined;
    const sealed = Buffer.from(token, 'base64');
    if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) return undefined;
    // Base64 has several spellings for the same bytes; only the one that was given out counts.
    if (sealed.toString('base64') !== token) return undefined;
    const nonce = sealed.subarray(1, 1 + nonceBytes);
    const tag = sealed.subarray(-tagBytes);
    const open = createDecipheriv(cipher, this.#sealKey, nonce, { authTagLength: tagBytes })
      .setAAD(aad)
      .setAuthTag(tag);
    try {
      const start = open.update(sealed.subarray(1 + nonceBytes, -tagBytes));
      return sessionOf(Buffer.concat([start, open.final()]).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** The secret access key that belongs to a token. */
  secretOf(token: string): string {
    const mac = createHmac('sha256', this.#secretKey).update(token).digest();
    return secretOfBytes(mac.subarray(0, secretBytes));
  }
}

function sessionOf(plain: string): Session {
  // Authenticated: we wrote it ourselves.
  const [accessKeyId, roleArn, sessionName, expiresAtMs] = JSON.parse(plain) as [
    string,
    string,
    string,
    number,
  ];
  return { accessKeyId, roleArn, sessionName, expiresAtMs };
}
