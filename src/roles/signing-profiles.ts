/**
 * The signing profiles whose code counts as signed: `signing-profiles.json` in the data directory, read at the start. It gives the
 * public key (PEM; Ed25519 or an elliptic curve) of every version of a profile:
 *
 *   { "arn:aws:signer:us-east-1:000000000000:/signing-profiles/release/0123456789": "-----BEGIN PUBLIC KEY-----\n…" }
 *
 * Without the file no code counts as signed.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKeys } from '#code';

export const signingProfilesFileName = 'signing-profiles.json';

const fileBytesMax = 1024 * 1024;

export type SigningProfiles =
  | { readonly kind: 'read'; readonly keys: SigningKeys }
  /** A file that cannot be understood: to start without it would refuse code that the operator means to be taken. */
  | { readonly kind: 'refused'; readonly message: string };

export async function readSigningProfiles(directory: string): Promise<SigningProfiles> {
  const path = join(directory, signingProfilesFileName);
  let text: string | undefined;
  try {
    text = await readBounded(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'read', keys: new Map() };
    return refused(path, error);
  }
  if (text === undefined) return refused(path, `it is larger than ${fileBytesMax} bytes`);
  try {
    return { kind: 'read', keys: keysOf(JSON.parse(text)) };
  } catch (error) {
    return refused(path, error);
  }
}

function refused(path: string, reason: unknown): SigningProfiles {
  const why = reason instanceof Error ? reason.message : String(reason);
  return { kind: 'refused', message: `cannot read the signing profiles of ${path}: ${why}` };
}

/** undefined: too large. */
async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return size <= fileBytesMax ? await file.readFile('utf8') : undefined;
  } finally {
    await file.close();
  }
}

function keysOf(json: unknown): SigningKeys {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError('it must be an object of profile version ARNs and public keys');
  }
  const keys = new Map<string, KeyObject>();
  for (const [arn, pem] of Object.entries(json)) {
    if (!/^arn:\S+$/.test(arn)) throw new TypeError(`${JSON.stringify(arn)} is no ARN`);
    if (typeof pem !== 'string' || pem.includes('PRIVATE KEY')) {
      throw new TypeError(`${arn} must have a public key, as PEM`);
    }
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519' && key.asymmetricKeyType !== 'ec') {
      throw new TypeError(`${arn} must have a key of Ed25519 or of an elliptic curve`);
    }
    keys.set(arn, key);
  }
  return keys;
}
