/**
 * How AWS writes access keys and unique ids: a four-letter kind and characters of base32, 16 in the id of an access key and 17 in the id of
 * a user, role or policy; a secret of 40 characters of base64.
 */
import { assert } from '#lib/assert';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 30 bytes make the 40 characters of a secret. */
export const secretBytes = 30;

export const uniqueIdBytes = 17;

export function accessKeyId(kind: 'AKIA' | 'ASIA', random: Uint8Array): string {
  assert(random.length === 16, 'an access key id takes 16 random bytes');
  return kind + base32(random);
}

/** Of a user (AIDA), role (AROA) or policy (ANPA); takes the first `uniqueIdBytes` of the bytes. */
export function uniqueId(kind: 'AIDA' | 'AROA' | 'ANPA', bytes: Uint8Array): string {
  assert(bytes.length >= uniqueIdBytes, `a unique id takes ${uniqueIdBytes} bytes`);
  return kind + base32(bytes.subarray(0, uniqueIdBytes));
}

export function secretOfBytes(bytes: Uint8Array): string {
  assert(bytes.length === secretBytes, `a secret access key takes ${secretBytes} bytes`);
  return Buffer.from(bytes).toString('base64');
}

function base32(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join('');
}
