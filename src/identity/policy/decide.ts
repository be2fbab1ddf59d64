/**
 * The decision of one account, from all the policies that have a say.
 *
 *     an explicit deny anywhere                              denied
 *     root, in its own account                               allowed
 *     same account, resource policy names the caller itself  allowed: neither identity policies, boundary nor session policies are needed
 *     same account, it names the role, or everyone           allowed inside boundary and session policies
 *     same account, it names the account, or nobody          identity policies ∩ boundary ∩ session policies
 *     another account's resource                             the same intersection, and the resource policy must name the caller in some way
 *
 * Role trust policies are resource policies that must speak: without their Allow nobody assumes a role, and where they name
 * no more than the account, the identity policies must allow it too.
 */
import type { AccessDecision } from '../authorizer.ts';
import type { CompiledPolicy } from './compiled.ts';
import { type PolicyRequest, resourceVerdictOf, type Verdict, verdictOf } from './evaluate.ts';
import type { PrincipalPolicies } from './source.ts';

export interface Decidable {
  readonly request: PolicyRequest;
  /** As the question has it. */
  readonly action: string;
  readonly policies: PrincipalPolicies;
  /** Undefined where the session was not narrowed. */
  readonly session: readonly CompiledPolicy[] | undefined;
  readonly resourcePolicies: readonly CompiledPolicy[];
  /** Whether the resource policies are a role's trust policy. */
  readonly isTrust: boolean;
}

export const allowed: AccessDecision = { kind: 'allowed' };

export function decide(decidable: Decidable): AccessDecision {
  const { request, action, policies, session, resourcePolicies, isTrust } = decidable;
  const { caller } = request;
  const named = resourcePolicyName(isTrust);
  const isRoot = caller.kind === 'root';

  const identity: Verdict = isRoot ? 'allowed' : verdictOf(policies.identity, request);
  if (identity === 'denied') return denied('with an explicit deny in an identity-based policy');
  const resource = resourceVerdictOf(resourcePolicies, request);
  if (resource.kind === 'denied') return denied(`with an explicit deny in ${named.explicit}`);
  const boundary = policies.boundary === undefined ? 'allowed' : verdictOf([policies.boundary], request);
  if (boundary === 'denied') return denied('with an explicit deny in a permissions boundary');
  const narrowed = session === undefined ? 'allowed' : verdictOf(session, request);
  if (narrowed === 'denied') return denied('with an explicit deny in a session policy');

  const { naming } = resource;
  const isOwn = isOwnResource(caller.accountId, request.resource);
  const mustBeNamed = !isOwn || (isTrust && !isRoot);
  if (mustBeNamed && naming === 'not') return denied(`because no ${named.plain} allows the ${action} action`);
  // Who got a narrowed session by name of its user is not the user any more.
  const isItself = naming === 'itself' && !(caller.kind === 'user' && session !== undefined);
  if (isOwn && isItself) return allowed;
  const isGranted = identity === 'allowed' || (isOwn && naming !== 'not' && naming !== 'account');
  if (!isGranted) return denied(`because no identity-based policy allows the ${action} action`);
  if (boundary !== 'allowed') return denied(`because no permissions boundary allows the ${action} action`);
  if (narrowed !== 'allowed') return denied(`because no session policy allows the ${action} action`);
  return allowed;
}

/** For callers that have no policies of their own: the resource policies alone decide. */
export function decideForOutsider(
  request: PolicyRequest,
  action: string,
  resourcePolicies: readonly CompiledPolicy[],
  isTrust: boolean,
): AccessDecision {
  const { plain, explicit } = resourcePolicyName(isTrust);
  const resource = resourceVerdictOf(resourcePolicies, request);
  if (resource.kind === 'denied') return denied(`with an explicit deny in ${explicit}`);
  return resource.naming === 'not' ? denied(`because no ${plain} allows the ${action} action`) : allowed;
}

/** Whether a resource belongs to the account. What carries no account in its ARN (`*`, a bucket, a managed policy of AWS) is nobody else's. */
export function isOwnResource(accountId: string | undefined, resource: string): boolean {
  const account = accountOf(resource);
  return account === undefined || account === accountId;
}

const accountDigits = 12;

/** The account segment of an ARN, where it is a number. */
function accountOf(arn: string): string | undefined {
  if (!arn.startsWith('arn:')) return undefined;
  let at = 0;
  for (let colons = 0; colons < 4; colons++) {
    at = arn.indexOf(':', at) + 1;
    if (at === 0) return undefined;
  }
  if (arn[at + accountDigits] !== ':') return undefined;
  for (let digit = at; digit < at + accountDigits; digit++) {
    const code = arn.charCodeAt(digit);
    if (code < 0x30 || code > 0x39) return undefined;
  }
  return arn.slice(at, at + accountDigits);
}

function denied(because: string): AccessDecision {
  return { kind: 'denied', because };
}

function resourcePolicyName(isTrust: boolean): { readonly plain: string; readonly explicit: string } {
  return isTrust
    ? { plain: 'role trust policy', explicit: 'the role trust policy' }
    : { plain: 'resource-based policy', explicit: 'a resource-based policy' };
}
