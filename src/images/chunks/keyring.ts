/**
 * Keyrings seal small secrets: manifests under their account's key, salts under the store's own. A sealed text opens only for the same owner and
 * purpose, and says by its first bytes which kind of keyring sealed it: one of a local master key (`LKS1`), or one of keys in KMS (`LKK1`).
 */
import { ChunkError } from './errors.ts';
import { KmsKeyring, type KmsKeys } from './kms-keyring.ts';
import { LocalKeyring, type LocalKeys } from './local-keyring.ts';
import { type KeyringOfKind, magicBytes, notSealed, type SealedFor } from './sealed-text.ts';

export interface Keyring {
  /** Rejects with a ChunkError `unavailable`, `overloaded` or `withheld` where keys are elsewhere. */
  seal(plain: Uint8Array, to: SealedFor): Promise<Buffer>;
  /** Rejects with a ChunkError `sealed` where anything differs, else as `seal`. */
  open(sealed: Uint8Array, to: SealedFor): Promise<Buffer>;
  /** Whether the text is sealed as `seal` does it now; if not, the keyring only still opens it. */
  isCurrent(sealed: Uint8Array): boolean;
}

export type KeyringOptions =
  | LocalKeys
  | KmsKeys
  /** The first kind seals, both open. */
  | { readonly kind: 'both'; readonly first: LocalKeys | KmsKeys; readonly second: LocalKeys | KmsKeys };

/** What keyrings that are not there would have sealed. */
const kinds: Readonly<Record<string, string>> = {
  LKS1: 'a local master key',
  LKK1: 'a key of KMS',
};

export function openKeyring(options: KeyringOptions): Keyring {
  return new AllKinds(options.kind === 'both' ? [options.first, options.second] : [options]);
}

class AllKinds implements Keyring {
  readonly #sealing: KeyringOfKind;
  readonly #byMagic: ReadonlyMap<string, KeyringOfKind>;

  constructor([first, ...others]: readonly (LocalKeys | KmsKeys)[]) {
    if (first === undefined) throw new Error('a keyring needs keys');
    this.#sealing = ofKind(first);
    this.#byMagic = new Map(
      [...others.map(ofKind), this.#sealing].map((keyring) => [keyring.magic, keyring]),
    );
  }

  seal(plain: Uint8Array, to: SealedFor): Promise<Buffer> {
    return this.#sealing.seal(plain, to);
  }

  async open(sealed: Uint8Array, to: SealedFor): Promise<Buffer> {
    const bytes = bufferOf(sealed);
    const magic = magicOf(bytes);
    const keyring = this.#byMagic.get(magic);
    if (keyring !== undefined) return keyring.open(bytes, to);
    const kind = kinds[magic];
    if (kind === undefined) throw notSealed(to);
    throw new ChunkError('withheld', `the ${to.purpose} is sealed under ${kind}, and there is none here`);
  }

  isCurrent(sealed: Uint8Array): boolean {
    const bytes = bufferOf(sealed);
    return magicOf(bytes) === this.#sealing.magic && this.#sealing.isCurrent(bytes);
  }
}

function ofKind(keys: LocalKeys | KmsKeys): KeyringOfKind {
  switch (keys.kind) {
    case 'local':
      return new LocalKeyring(keys.masterKeys, keys.entropy);
    case 'kms':
      return new KmsKeyring(keys);
    default:
      return keys satisfies never;
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const magicOf = (bytes: Buffer): string => bytes.toString('latin1', 0, magicBytes);
