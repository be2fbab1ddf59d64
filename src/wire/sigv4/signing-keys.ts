/**
 * Signing keys: HMAC keys that are derived from a secret for one day, region and service.
 *
 * Deriving one takes four HMACs, so they are kept. An entry serves only the secret that it was derived from: when a
 * key is revoked, or comes back with another secret, nothing of the old one counts.
 */
import { createHmac } from 'node:crypto';
import { Lru } from '#lib/lru';
import type { Signer } from './claim.ts';
import { HmacKey } from './hmac-key.ts';
import { signingKeysMax } from './limits.ts';

interface Entry {
  readonly signer: Signer;
  readonly secret: string;
  readonly key: HmacKey;
}

export class SigningKeys {
  readonly #entries = new Lru<string, Entry>(signingKeysMax);
  /** The one that was used last: a client that goes on has the same signer. */
  #latest: Entry | undefined;

  /** The signature of `text` (one byte per character), in lower-case hexadecimal. */
  sign(signer: Signer, secret: string, text: string): string {
    return this.#key(signer, secret).sign(text);
  }

  forget(signer: Signer): void {
    this.#latest = undefined;
    this.#entries.delete(entryName(signer));
  }

  #key(signer: Signer, secret: string): HmacKey {
    if (this.#latest?.signer !== signer || this.#latest.secret !== secret) {
      this.#latest = this.#entry(signer, secret);
    }
    return this.#latest.key;
  }

  #entry(signer: Signer, secret: string): Entry {
    const name = entryName(signer);
    const known = this.#entries.get(name);
    const key = known?.secret === secret ? known.key : derive(signer, secret);
    const entry = { signer, secret, key };
    this.#entries.set(name, entry);
    return entry;
  }
}

function entryName(signer: Signer): string {
  return `${signer.accessKeyId}/${signer.scope}`;
}

function derive(signer: Signer, secret: string): HmacKey {
  let key: Uint8Array = Buffer.from(`AWS4${secret}`, 'utf8');
  for (const part of [signer.date, signer.region, signer.service, signer.terminator]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return new HmacKey(key);
}
