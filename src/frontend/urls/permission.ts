/**
 * Whether a request to a URL may invoke its function. It takes two permissions, as on AWS since October 2025: `lambda:InvokeFunctionUrl`
 * for the URL and `lambda:InvokeFunction` for the function behind it. Nobody has signed for a URL of AuthType NONE, so there
 * the resource policy has to let everybody in; on one of AWS_IAM the signer's own policies count too.
 */
import type { AccessDecision, ConditionValues, PolicyAuthorizer, Principal } from '#identity';
import { functionArn, type FunctionUrlRecord, latestVersion, type MetadataCache } from '#metadata';
import type { HostRequest } from '#wire';

export interface PermissionOptions {
  readonly authorizer: Pick<PolicyAuthorizer, 'decide' | 'decideForOutsider'>;
  readonly metadata: Pick<MetadataCache, 'policies' | 'resolve'>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

const actions = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'] as const;

/** `principal`: who signed it, where it had to be signed. */
export function mayInvoke(
  options: PermissionOptions,
  url: FunctionUrlRecord,
  request: HostRequest,
  principal: Principal | undefined,
): boolean {
  const resource = functionArn(url, url.qualifier === latestVersion ? undefined : url.qualifier);
  const policy = policyOf(options, url);
  const question = {
    resource,
    conditions: () => conditionsOf(options, url, request, resource),
    ...(policy !== undefined && { resourcePolicies: [policy] }),
  };
  return actions.every((action) => {
    const decision: AccessDecision =
      principal === undefined
        ? options.authorizer.decideForOutsider({ ...question, action, caller: { kind: 'anonymous' } })
        : options.authorizer.decide({ ...question, action, principal });
    return decision.kind === 'allowed';
  });
}

/** A policy holds for exactly what it was put on: the function or the alias. */
function policyOf({ metadata }: PermissionOptions, url: FunctionUrlRecord): string | undefined {
  const { policies } = metadata.policies(url.accountId, url.functionName) ?? {};
  return policies !== undefined && Object.hasOwn(policies, url.qualifier)
    ? policies[url.qualifier]?.document
    : undefined;
}

function conditionsOf(
  { metadata, nowMs }: PermissionOptions,
  url: FunctionUrlRecord,
  { request, sourceIp }: HostRequest,
  resource: string,
): ConditionValues {
  const now = nowMs();
  const values = new Map<string, string>([
    ['lambda:functionurlauthtype', url.authType],
    ['lambda:invokedviafunctionurl', 'true'],
    ['lambda:functionarn', resource],
    ['aws:currenttime', new Date(now).toISOString()],
    ['aws:epochtime', String(Math.floor(now / 1000))],
    ['aws:requestedregion', url.region],
    ['aws:resourceaccount', url.accountId],
    ['aws:securetransport', 'false'],
    ['aws:viaawsservice', 'false'],
    ['aws:principalisawsservice', 'false'],
    ['aws:sourceip', sourceIp],
  ]);
  const { 'user-agent': userAgent, referer } = request.headers;
  if (typeof userAgent === 'string') values.set('aws:useragent', userAgent);
  if (typeof referer === 'string') values.set('aws:referer', referer);
  const found = metadata.resolve(url.accountId, url.functionName, undefined);
  const tags = found.kind === 'found' ? found.function.tags : {};
  for (const [tag, value] of Object.entries(tags)) values.set(`aws:resourcetag/${tag.toLowerCase()}`, value);
  return values;
}
