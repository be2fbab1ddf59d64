/** The part that all sealed texts share: AES-256-GCM, with the head and for whom the text is sealed as authenticated data. */
import { type CipherKey, createCipheriv, createDecipheriv } from 'node:crypto';
import { ChunkError } from './errors.ts';

export interface SealedFor {
  /** An account's id, or `store`. */
  readonly owner: string;
  /** What it is, exactly: a text sealed as one thing does not open as another. */
  readonly purpose: string;
}

/** Gets only texts that begin with its magic. */
export interface KeyringOfKind {
  readonly magic: string;
  seal(plain: Uint8Array, to: SealedFor): Promise<Buffer>;
  open(sealed: Buffer, to: SealedFor): Promise<Buffer>;
  isCurrent(sealed: Buffer): boolean;
}

export const magicBytes = 4;
export const nonceBytes = 12;
export const tagBytes = 16;

/** `head` ends with the nonce; a key must never see the same nonce twice. */
export function sealText(key: CipherKey, head: Buffer, plain: Uint8Array, to: SealedFor): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, head.subarray(-nonceBytes));
  cipher.setAAD(authenticated(head, to));
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws a ChunkError `sealed` where anything differs. `sealed` has a head and a tag at least. */
export function openText(key: CipherKey, sealed: Buffer, headBytes: number, to: SealedFor): Buffer {
  const head = sealed.subarray(0, headBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, head.subarray(-nonceBytes));
  decipher.setAAD(authenticated(head, to));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new ChunkError('sealed', `the sealed ${to.purpose} was changed, or belongs to somebody else`, {
      cause,
    });
  }
}

export function notSealed({ purpose }: SealedFor): ChunkError {
  return new ChunkError('sealed', `the sealed ${purpose} is none`);
}

function authenticated(head: Buffer, { owner, purpose }: SealedFor): Buffer {
  return Buffer.concat([head, Buffer.from(JSON.stringify([owner, purpose]))]);
}
