/**
 * The question whether somebody may do something, and its answer. Asked by every service behind the listener, on every request: what is
 * asked again is answered from a cache that changes of users, roles and policies empty.
 */
import type { Principal } from './principal.ts';

/** What conditions of policies may look at besides what the principal itself says: keys in lower case (`aws:sourceip`, `lambda:functionarn`). */
export type ConditionValues = ReadonlyMap<string, string | readonly string[]>;

export interface AccessQuestion {
  readonly principal: Principal;
  /** `lambda:InvokeFunction` */
  readonly action: string;
  /** An ARN, or `*` for what concerns no resource in particular. */
  readonly resource: string;
  /**
   * What the request and the resource say. A function, called only where a policy that matters has conditions: decisions of other policies
   * are cached by principal, action and resource.
   */
  readonly conditions: () => ConditionValues;
  /** The resource's own policies (JSON texts, in this account). The same texts give the same cached decision. */
  readonly resourcePolicies?: readonly string[];
}

export type AccessDecision =
  | { readonly kind: 'allowed' }
  /** `because` ends the sentence that AWS answers: "… because no identity-based policy allows the lambda:InvokeFunction action". */
  | { readonly kind: 'denied'; readonly because: string };

export interface Authorizer {
  /** Synchronous and free of I/O. */
  decide(question: AccessQuestion): AccessDecision;
}

/** AWS's sentence for a denial. */
export function denialMessage({ principal, action, resource }: AccessQuestion, because: string): string {
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
}
