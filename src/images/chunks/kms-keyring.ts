/**
 * The keyring of keys in KMS. Each text has a data key of its own, which KMS made and only KMS can give again, to who names the same owner and purpose.
 *
 *     "LKK1"  length[2]  encrypted data key[length]  nonce[12]  ciphertext  tag[16]      AES-256-GCM, everything before the ciphertext authenticated
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { assert } from '#lib/assert';
import type { Clock, Entropy, Random } from '#platform';
import { kmsKeyIdsMax, kmsLimits } from '../limits.ts';
import { DataKeys } from './data-keys.ts';
import type { ChunkError } from './errors.ts';
import { Kms, type KmsCall } from './kms.ts';
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

export interface KmsKeys {
  readonly kind: 'kms';
  /** Ids, ARNs or aliases; the first one seals, all of them open. */
  readonly keyIds: readonly string[];
  readonly call: KmsCall;
  readonly clock: Clock;
  readonly random: Random;
  readonly entropy: Entropy;
}

const magic = 'LKK1';
const lengthBytes = 2;
const blobAt = magicBytes + lengthBytes;

export class KmsKeyring implements KeyringOfKind {
  readonly magic = magic;
  readonly #kms: Kms;
  readonly #sealing: string;
  readonly #keyIds: readonly string[];
  readonly #entropy: Entropy;
  readonly #dataKeys: DataKeys;

  constructor(options: KmsKeys) {
    const { keyIds, clock, entropy } = options;
    const [first] = keyIds;
    // Whoever reads an option has told the operator long before; this bounds how often one text makes us ask KMS.
    assert(
      first !== undefined && keyIds.length <= kmsKeyIdsMax,
      `a keyring needs 1 to ${kmsKeyIdsMax} keys of KMS`,
    );
    this.#kms = new Kms(options);
    this.#sealing = first;
    this.#keyIds = keyIds;
    this.#entropy = entropy;
    this.#dataKeys = new DataKeys(clock);
  }

  async seal(plain: Uint8Array, to: SealedFor): Promise<Buffer> {
    const { plaintext, blob } = await this.#kms.generateDataKey(this.#sealing, to);
    const key = secret(plaintext);
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt16BE(blob.length);
    const nonce = this.#entropy.bytes(nonceBytes);
    const sealed = sealText(key, Buffer.concat([Buffer.from(magic), length, blob, nonce]), plain, to);
    this.#dataKeys.keep(idOf(blob, to), key);
    return sealed;
  }

  async open(sealed: Buffer, to: SealedFor): Promise<Buffer> {
    if (sealed.length < blobAt) throw notSealed(to);
    const length = sealed.readUInt16BE(magicBytes);
    const headBytes = blobAt + length + nonceBytes;
    if (length === 0 || length > kmsLimits.blobBytesMax || sealed.length < headBytes + tagBytes) {
      throw notSealed(to);
    }
    const blob = sealed.subarray(blobAt, blobAt + length);
    const id = idOf(blob, to);
    const key = await this.#dataKeys.get(id, async () => this.#decrypted(blob, to));
    return openText(key, sealed, headBytes, to);
  }

  /** Which of several keys of KMS sealed a text is not known without asking. */
  isCurrent(): boolean {
    return true;
  }

  /** Each key is named to KMS: a text that somebody sealed under a key of their own must not open. */
  async #decrypted(blob: Buffer, to: SealedFor): Promise<KeyObject> {
    let failure: ChunkError | undefined;
    for (const keyId of this.#keyIds) {
      const outcome = await this.#kms.decrypt(keyId, blob, to);
      if (outcome.kind === 'key') return secret(outcome.plaintext);
      // Of several answers, one that somebody can mend: the text may be sound.
      if (failure === undefined || failure.reason === 'sealed') failure = outcome.error;
    }
    throw failure ?? notSealed(to);
  }
}

/** A KeyObject shows its bytes to no log and no inspection. */
function secret(plaintext: Buffer): KeyObject {
  const key = createSecretKey(plaintext);
  plaintext.fill(0);
  return key;
}

/** With whom it is for: a key that was had for one is not given to another. */
function idOf(blob: Uint8Array, { owner, purpose }: SealedFor): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, purpose]))
    .update('\0')
    .update(blob)
    .digest('hex');
}
