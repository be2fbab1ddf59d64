/** GetCallerIdentity, GetSessionToken, GetAccessKeyInfo. */
import { assert } from '#lib/assert';
import type { TemporaryCredentials } from '#identity';
import { type Handlers, type Output, type RequestContext, WireError } from '#wire';
import { notServed, validation } from '../answers.ts';
import type { IamContext } from '../context.ts';
import { rootSessionSecondsMax, userSessionSecondsDefault } from '../limits.ts';
import { number, required } from '../request.ts';

export function callerHandlers(context: IamContext): Handlers {
  const { account } = context;
  return {
    GetCallerIdentity: async (_input, { principal }) => ({
      UserId: principal.userId,
      Account: principal.accountId,
      Arn: principal.arn,
    }),
    GetSessionToken: async (input, request) => {
      if (input['SerialNumber'] !== undefined || input['TokenCode'] !== undefined) {
        throw notServed('MFA devices');
      }
      const seconds = number(input, 'DurationSeconds') ?? userSessionSecondsDefault;
      return { Credentials: credentialsOut(sessionToken(context, request, seconds)) };
    },
    GetAccessKeyInfo: async (input) => {
      const id = required(input, 'AccessKeyId');
      const known = id === account.root.rootCredentials.accessKeyId || account.directory.view.accessKey(id);
      // Temporary credentials are stored nowhere: whose they are, only their tokens say.
      if (!known) throw validation(`The access key ${id} is not known to this account.`);
      return { Account: account.accountId };
    },
  };
}

function sessionToken(
  { account, clock }: IamContext,
  { principal }: RequestContext,
  seconds: number,
): TemporaryCredentials {
  if (principal.kind === 'assumed-role' || principal.tokenIssuedAtMs !== undefined) {
    throw new WireError('AccessDeniedException', 'Cannot call GetSessionToken with session credentials');
  }
  const isRoot = principal.kind === 'root';
  const lifeMs = (isRoot ? Math.min(seconds, rootSessionSecondsMax) : seconds) * 1000;
  const expiresAtMs = clock.wallMs() + lifeMs;
  const issued = isRoot
    ? account.issue({ kind: 'root', expiresAtMs })
    : account.issue({ kind: 'user', userId: principal.userId, expiresAtMs });
  assert(issued !== undefined, 'a session without policies and tags fits into its token');
  return issued;
}

export function credentialsOut(credentials: TemporaryCredentials): Output {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(Math.floor(credentials.expiresAtMs / 1000) * 1000),
  };
}
