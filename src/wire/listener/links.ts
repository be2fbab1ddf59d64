/**
 * Links: paths that anyone who holds them may fetch until they expire, without signing a request.
 *
 *     <path>?expires=<epoch seconds>&signature=<base64url of HMAC-SHA256(key, path, expires)>
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { assert } from '#lib/assert';
import type { Clock } from '#platform';
import { WireError } from '../error.ts';

export const linkExpirySecondsMax = 7 * 24 * 3600;

const queryPattern = /^expires=(\d{1,15})&signature=([A-Za-z0-9_-]{43})$/;
const pathPattern = /^\/[\x21-\x7e]*$/;

export class Links {
  readonly #key: KeyObject;
  readonly #clock: Clock;

  /** `key`: at least 32 secret bytes, used for nothing else. */
  constructor(key: Uint8Array, clock: Clock) {
    assert(key.length >= 32, 'a key for links has at least 32 bytes');
    this.#key = createSecretKey(key);
    this.#clock = clock;
  }

  /** `path` as it will be requested (percent-encoded, without query). Returns it with its query. */
  make(path: string, expiresInSeconds: number): string {
    assert(pathPattern.test(path) && !/[?#]/.test(path), 'a link is made for an encoded path');
    assert(expiresInSeconds > 0 && expiresInSeconds <= linkExpirySecondsMax, 'a link expires within a week');
    const expires = String(Math.ceil(this.#clock.wallMs() / 1000 + expiresInSeconds));
    return `${path}?expires=${expires}&signature=${this.#sign(path, expires).toString('base64url')}`;
  }

  /** undefined: the link holds. */
  verify(rawPath: string, rawQuery: string): WireError | undefined {
    const match = queryPattern.exec(rawQuery);
    const [, expires = '', signature = ''] = match ?? [];
    const given = Buffer.from(signature, 'base64url');
    const ours = this.#sign(rawPath, expires);
    if (match === null || given.length !== ours.length || !timingSafeEqual(given, ours)) {
      return new WireError('AccessDeniedException', 'Access Denied');
    }
    if (this.#clock.wallMs() < Number(expires) * 1000) return undefined;
    return new WireError('AccessDeniedException', 'Request has expired');
  }

  #sign(path: string, expires: string): Buffer {
    // A path holds no line break, so no two pairs make the same text.
    return createHmac('sha256', this.#key).update(`${path}\n${expires}`).digest();
  }
}
