/** The root key: the credentials of the account itself, and the secret that everything else is derived from. */
import type { Entropy } from '#platform';
import { accessKeyId, secretOfBytes, secretBytes } from './key-text.ts';

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /**
   * Base64 of 32 random bytes. Seals session tokens and signs links. Separate from the secret access key, which an operator may choose
   * badly: whoever holds a function's session token must not be able to guess the root's secret from it.
   */
  readonly masterSecret: string;
}

/** Where the root key is kept between starts. */
export interface RootKeyStore {
  read(): Promise<RootKey | undefined>;
  /** Keeps the key durably unless there is one already; returns the one that is kept. */
  create(key: RootKey): Promise<RootKey>;
}

export const masterSecretBytes = 32;

export function generateRootKey(entropy: Entropy): RootKey {
  return {
    accessKeyId: accessKeyId('AKIA', entropy.bytes(16)),
    secretAccessKey: secretOfBytes(entropy.bytes(secretBytes)),
    masterSecret: Buffer.from(entropy.bytes(masterSecretBytes)).toString('base64'),
  };
}

/** Whether what a store holds is a root key. */
export function isRootKey(value: unknown): value is RootKey {
  if (typeof value !== 'object' || value === null) return false;
  const { accessKeyId, secretAccessKey, masterSecret } = value as Record<string, unknown>;
  return (
    typeof accessKeyId === 'string' &&
    /^\w{16,128}$/.test(accessKeyId) &&
    typeof secretAccessKey === 'string' &&
    /^[\x21-\x7e]{16,128}$/.test(secretAccessKey) &&
    typeof masterSecret === 'string' &&
    Buffer.from(masterSecret, 'base64').length === masterSecretBytes
  );
}
