/**
 * Keyrings seal small secrets: manifests under their account's key, salts under the store's own. A sealed text names the key that it was sealed under,
 * and opens only for the same owner and purpose.
 *
 *     "LKS1"  key id[8]  derivation salt[16]  nonce[12]  ciphertext  tag[16]      AES-256-GCM
 *
 * The key of each text is derived from the master key, the owner and the text's own salt (HKDF-SHA-256), so no two texts share key and nonce.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import type { Entropy } from '#platform';
import { ChunkError } from './errors.ts';

export interface SealedFor {
  /** An account's id, or `store`. */
  readonly owner: string;
  /** What it is, exactly: a text sealed as one thing does not open as another. */
  readonly purpose: string;
}

export interface Keyring {
  seal(plain: Uint8Array, to: SealedFor): Promise<Buffer>;
  /** Rejects with a ChunkError `sealed` where anything differs. */
  open(sealed: Uint8Array, to: SealedFor): Promise<Buffer>;
}

export type KeyringOptions =
  /** 32 bytes each; the first one seals, all of them open. */
  | { readonly kind: 'local'; readonly masterKeys: readonly Uint8Array[]; readonly entropy: Entropy }
  | { readonly kind: 'kms'; readonly endpoint: string; readonly keyId: string };

const magic = Buffer.from('LKS1');
const idBytes = 8;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = magic.length + idBytes + saltBytes + nonceBytes;

export function openKeyring(options: KeyringOptions): Keyring {
  switch (options.kind) {
    case 'local':
      return new LocalKeyring(options.masterKeys, options.entropy);
    case 'kms':
      throw new Error(`keys in KMS (${options.endpoint}) are not served yet; use a local master key`);
    default:
      return options satisfies never;
  }
}

class LocalKeyring implements Keyring {
  /** By id, as hex. */
  readonly #keys = new Map<string, Uint8Array>();
  readonly #sealing: Buffer;
  readonly #entropy: Entropy;

  constructor(masterKeys: readonly Uint8Array[], entropy: Entropy) {
    const [first] = masterKeys;
    if (first === undefined || masterKeys.some((key) => key.byteLength !== 32)) {
      throw new Error('a keyring needs master keys of 32 bytes');
    }
    for (const key of masterKeys) this.#keys.set(idOf(key).toString('hex'), key);
    this.#sealing = idOf(first);
    this.#entropy = entropy;
  }

  async seal(plain: Uint8Array, to: SealedFor): Promise<Buffer> {
    const head = Buffer.concat([magic, this.#sealing, this.#entropy.bytes(saltBytes + nonceBytes)]);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(head, to), head.subarray(-nonceBytes));
    cipher.setAAD(Buffer.concat([head, context(to)]));
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  async open(sealed: Uint8Array, to: SealedFor): Promise<Buffer> {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < headBytes + tagBytes || !bytes.subarray(0, magic.length).equals(magic)) {
      throw new ChunkError('sealed', `the sealed ${to.purpose} is none`);
    }
    const head = bytes.subarray(0, headBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(head, to), head.subarray(-nonceBytes));
    decipher.setAAD(Buffer.concat([head, context(to)]));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headBytes, -tagBytes)), decipher.final()]);
    } catch (cause) {
      throw new ChunkError('sealed', `the sealed ${to.purpose} was changed, or belongs to somebody else`, {
        cause,
      });
    }
  }

  #keyOf(head: Buffer, to: SealedFor): Buffer {
    const id = head.subarray(magic.length, magic.length + idBytes).toString('hex');
    const master = this.#keys.get(id);
    if (master === undefined) throw new ChunkError('sealed', `the keyring has no key ${id}`);
    const salt = head.subarray(magic.length + idBytes, magic.length + idBytes + saltBytes);
    return Buffer.from(hkdfSync('sha256', master, salt, `lambkin image key for ${to.owner}`, 32));
  }
}

function context({ owner, purpose }: SealedFor): Buffer {
  return Buffer.from(JSON.stringify([owner, purpose]));
}

function idOf(key: Uint8Array): Buffer {
  return createHash('sha256').update('lambkin master key').update(key).digest().subarray(0, idBytes);
}
