/**
 * The credentials of a function's role over HTTP, as AWS gives them to functions that live on from a snapshot and as every SDK asks for them
 * (AWS_CONTAINER_CREDENTIALS_FULL_URI): `GET /2021-04-23/credentials`, with the environment's token. Who has no token finds nothing (404).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Credentials } from '#identity';
import { undyingCredentialsMs } from '../limits.ts';
import { send, text } from './replies.ts';

/** Whose credentials are given out at one address. */
export interface CredentialSource {
  /** Value of the Authorization header. */
  readonly token: string;
  /** Those of now, with enough of their life left. */
  current(): Credentials;
  /** Epoch milliseconds. */
  wallMs(): number;
}

const path = '/2021-04-23/credentials';

/** What a process needs to know to ask; `address` is `host:port`. */
export function credentialVariables(
  address: string,
  { token }: CredentialSource,
): Readonly<Record<string, string>> {
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${address}${path}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
  };
}

/** Answers where the path is this one's; false: it is not. */
export function serveCredentials(
  source: CredentialSource | undefined,
  asked: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (asked !== path) return false;
  request.resume();
  if (request.method !== 'GET') text(response, 405, '');
  else if (source === undefined || !isSame(request.headers.authorization ?? '', source.token)) {
    text(response, 404, '404 page not found\n');
  } else send(response, { status: 200, body: bodyOf(source) });
  return true;
}

function bodyOf(source: CredentialSource): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = source.current();
  // SDKs want an end, also of what has none.
  const endMs = expiresAtMs ?? source.wallMs() + undyingCredentialsMs;
  return JSON.stringify({
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...(sessionToken !== undefined && { Token: sessionToken }),
    Expiration: new Date(endMs).toISOString(),
  });
}

/** Whatever they are, it takes the same time. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
