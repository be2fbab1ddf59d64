/** Bearer tokens: asked for where a registry's challenge says, and used until shortly before their end. */
import { Lru } from '#lib/lru';
import type { Clock } from '#platform';
import type { Challenge } from '../format/challenge.ts';
import { isRecord } from '../format/json.ts';
import { pullLimits } from '../limits.ts';
import type { RegistryCredentials } from './credentials-file.ts';
import { checkStep, type HttpClient, HttpProtocolError, smallBody } from './http-client.ts';

/** The token service said no. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
}

type Bearer = Extract<Challenge, { scheme: 'bearer' }>;

interface Token {
  readonly value: string;
  readonly untilMs: number;
}

export class Tokens {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #known = new Lru<string, Token>(pullLimits.tokensMax);

  constructor(http: HttpClient, clock: Clock) {
    this.#http = http;
    this.#clock = clock;
  }

  /** For a place that was challenged before. */
  known(place: string): string | undefined {
    const token = this.#known.get(place);
    return token !== undefined && this.#clock.monotonicMs() < token.untilMs ? token.value : undefined;
  }

  forget(place: string): void {
    this.#known.delete(place);
  }

  /** `place`: registry, repository and user, under which the token is kept. */
  async fetch(
    place: string,
    challenge: Bearer,
    from: URL,
    scope: string,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const realm = URL.parse(challenge.realm);
    if (realm === null) throw new HttpProtocolError('the realm of a challenge is no URL');
    checkStep(from, realm);
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
    realm.searchParams.set('scope', challenge.scope ?? scope);
    const answer = await this.#http.get({
      url: realm,
      headers: credentials === undefined ? {} : { authorization: basic(credentials) },
      signal,
      sentBy: from,
    });
    if (answer.statusCode !== 200) {
      answer.close();
      const refused = answer.statusCode >= 400 && answer.statusCode < 500 && answer.statusCode !== 429;
      const message = `the token service answered ${answer.statusCode}`;
      throw refused ? new TokenRefusedError(message) : new Error(message);
    }
    const { value, seconds } = tokenIn(await smallBody(answer, pullLimits.tokenBytesMax));
    const lifetimeMs = Math.max(seconds * 1000 - pullLimits.tokenMarginMs, 0);
    this.#known.set(place, { value, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    return value;
  }
}

export function basic({ user, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function tokenIn(bytes: Buffer): { readonly value: string; readonly seconds: number } {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new HttpProtocolError('the token service did not answer with JSON', { cause });
  }
  const { token, access_token: other, expires_in: seconds } = isRecord(json) ? json : {};
  const value = token ?? other;
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(value)) {
    throw new HttpProtocolError('the token service gave no token');
  }
  const isStated = typeof seconds === 'number' && seconds > 0 && seconds <= 86_400;
  return { value, seconds: isStated ? seconds : pullLimits.tokenSecondsDefault };
}
