/** How AWS writes access keys: a four-letter kind and 16 characters of base32; a secret of 40 characters of base64. */
import { assert } from '#lib/assert';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 30 bytes make the 40 characters of a secret. */
export const secretBytes = 30;

export function accessKeyId(kind: 'AKIA' | 'ASIA', random: Uint8Array): string {
  assert(random.length === 16, 'an access key id takes 16 random bytes');
  return kind + Array.from(random, (byte) => alphabet[byte & 31]).join('');
}

export function secretOfBytes(bytes: Uint8Array): string {
  assert(bytes.length === secretBytes, `a secret access key takes ${secretBytes} bytes`);
  return Buffer.from(bytes).toString('base64');
}
