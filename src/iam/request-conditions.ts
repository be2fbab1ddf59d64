/** Condition keys that every request has, whatever it asks for. Names in lower case. */
import type { RequestContext } from '#wire';
import type { IamContext } from './context.ts';

export function requestConditions(
  { account, clock }: IamContext,
  request: RequestContext,
): Map<string, string | readonly string[]> {
  const nowMs = clock.wallMs();
  const { principal, sourceIp, userAgent } = request;
  const values = new Map<string, string | readonly string[]>([
    ['aws:currenttime', new Date(nowMs).toISOString()],
    ['aws:epochtime', String(Math.floor(nowMs / 1000))],
    ['aws:requestedregion', request.region],
    // The listener speaks plain HTTP.
    ['aws:securetransport', 'false'],
    ['aws:viaawsservice', 'false'],
    ['aws:sourceip', sourceIp],
    ['aws:resourceaccount', account.accountId],
  ]);
  if (userAgent !== undefined) values.set('aws:useragent', userAgent);
  const { tokenIssuedAtMs, sourceIdentity } = principal;
  if (tokenIssuedAtMs !== undefined)
    values.set('aws:tokenissuetime', new Date(tokenIssuedAtMs).toISOString());
  if (sourceIdentity !== undefined) values.set('aws:sourceidentity', sourceIdentity);
  return values;
}
