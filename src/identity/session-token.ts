/**
 * Session tokens: everything about temporary credentials, sealed, so that nothing of them has to be stored.
 *
 *     base64( version 2 | nonce, 12 bytes | AES-256-GCM ciphertext | tag, 16 bytes )
 *     plaintext: the session as JSON, deflated
 *
 * The secret access key is derived from the token itself, so the two cannot be parted. The version byte is
 * authenticated with the ciphertext. Nothing is inflated that was not authenticated before.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { secretBytes, secretOfBytes } from './key-text.ts';
import { sessionCharactersMax, sessionTokenCharactersMax } from './limits.ts';

interface AnySession {
  readonly accessKeyId: string;
  /** Epoch milliseconds. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Of somebody who assumed a role, or of a function. */
export interface RoleSession extends AnySession {
  readonly kind: 'role';
  readonly roleArn: string;
  /** `AROA…`: a role of the same name that was made later is another one. */
  readonly roleId: string;
  readonly sessionName: string;
  /** Documents (JSON) that make the session narrower than its role. */
  readonly policies?: readonly string[];
  readonly tags?: readonly (readonly [key: string, value: string])[];
  /** Keys of tags that go along into the next session of a chain. */
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
}

/** Of a user (GetSessionToken). */
export interface UserSession extends AnySession {
  readonly kind: 'user';
  /** `AIDA…` */
  readonly userId: string;
}

/** Of the account's root (GetSessionToken). */
export interface RootSession extends AnySession {
  readonly kind: 'root';
}

export type Session = RoleSession | UserSession | RootSession;

const version = 2;
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

  /** `nonce`: 12 random bytes, never used twice. Undefined for a session that says more than fits. */
  seal(session: Session, nonce: Uint8Array): string | undefined {
    const text = JSON.stringify(session);
    if (text.length > sessionCharactersMax) return undefined;
    const seal = createCipheriv(cipher, this.#sealKey, nonce, { authTagLength: tagBytes }).setAAD(aad);
    const sealed = [aad, nonce, seal.update(deflateRawSync(text)), seal.final(), seal.getAuthTag()];
    const token = Buffer.concat(sealed).toString('base64');
    return token.length > sessionTokenCharactersMax ? undefined : token;
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
    let plain;
    try {
      const start = open.update(sealed.subarray(1 + nonceBytes, -tagBytes));
      plain = Buffer.concat([start, open.final()]);
    } catch {
      return undefined;
    }
    // Authenticated: we wrote it ourselves.
    return JSON.parse(inflateRawSync(plain).toString('utf8')) as Session;
  }

  /** The secret access key that belongs to a token. */
  secretOf(token: string): string {
    const mac = createHmac('sha256', this.#secretKey).update(token).digest();
    return secretOfBytes(mac.subarray(0, secretBytes));
  }
}
