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
    ...(policy !== undefined && { resourcePolicies: [policy] }),
  };
  return actions.every((action) => {
    const conditions = (): ConditionValues => conditionsOf(options, url, request, { action, resource });
    const asked = { ...question, action, conditions };
    const decision: AccessDecision =
      principal === undefined
        ? options.authorizer.decideForOutsider({ ...asked, caller: { kind: 'anonymous' } })
        : options.authorizer.decide({ ...asked, principal });
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
  { action, resource }: { readonly action: (typeof actions)[number]; readonly resource: string },
): ConditionValues {
  const now = nowMs();
  const values = new Map<string, string>([
    ['aws:currenttime', new Date(now).toISOString()],
    ['aws:epochtime', String(Math.floor(now / 1000))],
    ['aws:requestedregion', url.region],
    ['aws:resourceaccount', url.accountId],
    ['aws:securetransport', 'false'],
    ['aws:viaawsservice', 'false'],
    ['aws:principalisawsservice', 'false'],
    ['aws:sourceip', sourceIp],
  ]);
  // Each action has keys of its own: a statement on one with the keys of the other allows nothing, as on AWS.
  if (action === 'lambda:InvokeFunction') values.set('lambda:invokedviafunctionurl', 'true');
  else values.set('lambda:functionurlauthtype', url.authType).set('lambda:functionarn', resource);
  const { 'user-agent': userAgent, referer } = request.headers;
  if (typeof userAgent === 'string') values.set('aws:useragent', userAgent);
  if (typeof referer === 'string') values.set('aws:referer', referer);
  const found = metadata.resolve(url.accountId, url.functionName, undefined);
  const tags = found.kind === 'found' ? found.function.tags : {};
  for (const [tag, value] of Object.entries(tags)) values.set(`aws:resourcetag/${tag.toLowerCase()}`, value);
  return values;
}
