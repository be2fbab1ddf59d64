/**
 * The keyring of a local master key. A sealed text names the key that it was sealed under.
 *
 *     "LKS1"  key id[8]  derivation salt[16]  nonce[12]  ciphertext  tag[16]      AES-256-GCM
 *
 * The key of each text is derived from the master key, the owner and the text's own salt (HKDF-SHA-256), so no two texts share key and nonce.
 */
import { createHash, hkdfSync } from 'node:crypto';
import type { Entropy } from '#platform';
import { ChunkError } from './errors.ts';
import {
  type KeyringOfKind,
  magicBytes,
  nonceBytes,
  notSealed,
  openText,
  type SealedFor,
  sealText,
  tagBytes,
} from './sealed-text.ts';

export interface LocalKeys {
  readonly kind: 'local';
  /** 32 bytes each; the first one seals, all of them open. */
  readonly masterKeys: readonly Uint8Array[];
  readonly entropy: Entropy;
}

const magic = 'LKS1';
const idBytes = 8;
const saltBytes = 16;
const headBytes = magicBytes + idBytes + saltBytes + nonceBytes;

export class LocalKeyring implements KeyringOfKind {
  readonly magic = magic;
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
    const random = this.#entropy.bytes(saltBytes + nonceBytes);
    const head = Buffer.concat([Buffer.from(magic), this.#sealing, random]);
    return sealText(this.#keyOf(head, to), head, plain, to);
  }

  async open(sealed: Buffer, to: SealedFor): Promise<Buffer> {
    if (sealed.length < headBytes + tagBytes) throw notSealed(to);
    return openText(this.#keyOf(sealed.subarray(0, headBytes), to), sealed, headBytes, to);
  }

  isCurrent(sealed: Buffer): boolean {
    return sealed.subarray(magicBytes, magicBytes + idBytes).equals(this.#sealing);
  }

  #keyOf(head: Buffer, to: SealedFor): Buffer {
    const id = head.subarray(magicBytes, magicBytes + idBytes).toString('hex');
    const master = this.#keys.get(id);
    if (master === undefined) throw new ChunkError('sealed', `the keyring has no key ${id}`);
    const salt = head.subarray(magicBytes + idBytes, magicBytes + idBytes + saltBytes);
    return Buffer.from(hkdfSync('sha256', master, salt, `lambkin image key for ${to.owner}`, 32));
  }
}

function idOf(key: Uint8Array): Buffer {
  return createHash('sha256').update('lambkin master key').update(key).digest().subarray(0, idBytes);
}
