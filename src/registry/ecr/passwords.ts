/**
 * Who logs in. Two ways: an access key's id and its secret, or the user `AWS` with a password of GetAuthorizationToken. Such a password says
 * whose it is and until when, under a keyed hash; it can be used for the registry only.
 *
 *     base64url(JSON { key, token?, expires }) . base64url(HMAC-SHA-256)
 */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { AccessKey, Principal, Session, TemporaryCredentials, NewSession } from '#identity';
import type { Clock } from '#platform';
import { passwordLimits } from '../limits.ts';

/** What is asked of the account. */
export interface KeyHolder {
  findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined;
  /** undefined for long-term credentials. */
  sessionOf(principal: Principal): Session | undefined;
  issue(session: NewSession): TemporaryCredentials | undefined;
}

export interface IssuedPassword {
  readonly password: string;
  readonly expiresAtMs: number;
}

export const passwordUser = 'AWS';

export class Passwords {
  readonly #key: KeyObject;
  readonly #keys: KeyHolder;
  readonly #clock: Clock;

  /** `key`: at least 32 secret bytes, used for nothing else. */
  constructor(key: Uint8Array, keys: KeyHolder, clock: Clock) {
    this.#key = createSecretKey(key);
    this.#keys = keys;
    this.#clock = clock;
  }

  /** For whoever signed a request. It ends with the session that it was asked for with. undefined: the session does not fit into one. */
  issue(principal: Principal): IssuedPassword | undefined {
    const session = this.#keys.sessionOf(principal);
    let expiresAtMs = this.#clock.wallMs() + passwordLimits.lifetimeMs;
    let key = principal.accessKeyId;
    let token: string | undefined;
    if (session !== undefined) {
      expiresAtMs = Math.min(expiresAtMs, session.expiresAtMs);
      const issued = this.#keys.issue({ ...session, expiresAtMs });
      if (issued === undefined) return undefined;
      key = issued.accessKeyId;
      token = issued.sessionToken;
    }
    const text = Buffer.from(JSON.stringify({ key, token, expires: expiresAtMs })).toString('base64url');
    return { password: `${text}.${this.#sign(text).toString('base64url')}`, expiresAtMs };
  }

  /** `header`: `Authorization`. undefined: nobody who is known here. */
  principal(header: string | string[] | undefined): Principal | undefined {
    if (typeof header !== 'string' || header.length > passwordLimits.charactersMax * 2) return undefined;
    const [, encoded] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? [];
    if (encoded === undefined) return undefined;
    const pair = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    if (colon < 0) return undefined;
    const [user, password] = [pair.slice(0, colon), pair.slice(colon + 1)];
    return user === passwordUser ? this.#byPassword(password) : this.#bySecret(user, password);
  }

  #bySecret(accessKeyId: string, secret: string): Principal | undefined {
    const key = this.#keys.findKey(accessKeyId, undefined);
    if (key === undefined) return undefined;
    return timingSafeEqual(hashed(secret), hashed(key.secretAccessKey)) ? key.principal : undefined;
  }

  #byPassword(password: string): Principal | undefined {
    const [text = '', signature = '', ...rest] = password.split('.');
    const given = Buffer.from(signature, 'base64url');
    const ours = this.#sign(text);
    if (rest.length > 0 || given.length !== ours.length || !timingSafeEqual(given, ours)) return undefined;
    const { key, token, expires } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as {
      readonly key: string;
      readonly token?: string;
      readonly expires: number;
    };
    if (this.#clock.wallMs() >= expires) return undefined;
    return this.#keys.findKey(key, token)?.principal;
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

/** Of equal length, whatever was given. */
function hashed(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
