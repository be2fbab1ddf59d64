/**
 * A key of HMAC-SHA256 (RFC 2104), prepared: what the key does to both of its hashes is done once, and a signature is two one-shot hashes, which
 * cost half of what an object that is fed and read costs.
 *
 *     HMAC(text) = SHA256(outer pad + SHA256(inner pad + text))
 */
import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
const innerByte = 0x36;
const outerByte = 0x5c;

export class HmacKey {
  /** One byte per character. */
  readonly #innerPad: string;
  /** The outer pad, with room for the inner digest. */
  readonly #outer = Buffer.alloc(blockBytes + digestBytes);

  constructor(key: Uint8Array) {
    const short = key.length > blockBytes ? Buffer.from(hash('sha256', key, 'hex'), 'hex') : key;
    const inner = Buffer.alloc(blockBytes);
    for (let index = 0; index < blockBytes; index += 1) {
      const byte = short[index] ?? 0;
      inner[index] = byte ^ innerByte;
      this.#outer[index] = byte ^ outerByte;
    }
    this.#innerPad = inner.toString('latin1');
  }

  /** In lower-case hexadecimal; `text` has one byte per character. */
  sign(text: string): string {
    const inner = hash('sha256', Buffer.from(this.#innerPad + text, 'latin1'), 'binary');
    this.#outer.write(inner, blockBytes, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }
}
