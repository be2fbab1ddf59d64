/**
 * Functions' environment variables as they rest: sealed, so that nothing in a data directory says what they are.
 *
 *     "1." base64( nonce, 12 bytes | AES-256-GCM ciphertext | tag, 16 bytes )
 *     plaintext: JSON of the variables, in order of their names; associated data: the function's ARN
 *
 * The nonce is an HMAC of ARN and plaintext: equal variables of a function give equal texts, so configurations can be compared
 * without opening them, and two different contents never share a nonce. The release before this one kept variables in clear:
 * those still open, as what they are.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { assert } from '#lib/assert';
import { functionArn } from './arn.ts';
import type { FunctionName } from './keys.ts';
import type { Configuration, VersionRecord } from './records.ts';

export type Variables = Readonly<Record<string, string>>;

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const versionMark = '1.';

export class VariableSeal {
  readonly #sealKey: Uint8Array;
  readonly #nonceKey: Uint8Array;

  /** `secret` has 32 bytes and is the same at every start. */
  constructor(secret: Uint8Array) {
    assert(secret.length === keyBytes, `the secret of environment variables has ${keyBytes} bytes`);
    this.#sealKey = derived(secret, 'seal');
    this.#nonceKey = derived(secret, 'nonce');
  }

  /** No variables stay `{}`: there is nothing to hide. */
  seal(name: FunctionName, variables: Variables): Configuration['environment'] {
    const names = Object.keys(variables).toSorted();
    if (names.length === 0) return {};
    const plaintext = Buffer.from(JSON.stringify(names.map((key) => [key, variables[key]])), 'utf8');
    const arn = Buffer.from(functionArn(name), 'utf8');
    const nonce = createHmac('sha256', this.#nonceKey)
      .update(arn)
      .update('\0')
      .update(plaintext)
      .digest()
      .subarray(0, nonceBytes);
    const sealing = createCipheriv(cipher, this.#sealKey, nonce).setAAD(arn);
    const sealed = Buffer.concat([nonce, sealing.update(plaintext), sealing.final(), sealing.getAuthTag()]);
    return versionMark + sealed.toString('base64');
  }

  /** undefined: sealed under another secret, for another function, or damaged. */
  open(version: FunctionName & Pick<VersionRecord, 'configuration'>): Variables | undefined {
    const { environment } = version.configuration;
    if (typeof environment !== 'string') return environment;
    const sealed = Buffer.from(environment.slice(versionMark.length), 'base64');
    if (!environment.startsWith(versionMark) || sealed.length < nonceBytes + tagBytes) return undefined;
    const opening = createDecipheriv(cipher, this.#sealKey, sealed.subarray(0, nonceBytes))
      .setAAD(Buffer.from(functionArn(version), 'utf8'))
      .setAuthTag(sealed.subarray(-tagBytes));
    try {
      const plaintext = Buffer.concat([
        opening.update(sealed.subarray(nonceBytes, -tagBytes)),
        opening.final(),
      ]);
      return Object.fromEntries(JSON.parse(plaintext.toString('utf8')) as [string, string][]);
    } catch {
      return undefined;
    }
  }
}

function derived(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(
    hkdfSync('sha256', secret, new Uint8Array(0), `environment-variables/${purpose}`, keyBytes),
  );
}
