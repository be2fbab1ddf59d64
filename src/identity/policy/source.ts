/**
 * Where the authoriser finds what a principal is allowed by its own account: implemented by whoever keeps users, roles and policies.
 *
 * The contract: `policiesOf` is synchronous and cheap (everything compiled beforehand, with `parsePolicy`), and `revision` rises before
 * or with every change of anything that `policiesOf` could answer. Decisions of an older revision are forgotten.
 */
import type { Principal } from '../principal.ts';
import type { CompiledPolicy } from './compiled.ts';

export interface PolicySource {
  /** Any number that was never there before whenever a user, role, policy, attachment, boundary or tag has changed. Read on every decision. */
  readonly revision: number;
  /**
   * Asked for users and assumed roles, never for root. A user or role that is not there (any more) has `noPolicies`: nothing is granted
   * to it but what resource policies say.
   */
  policiesOf(principal: Principal): PrincipalPolicies;
}

export interface PrincipalPolicies {
  /** Attached, inline, and of the user's groups. */
  readonly identity: readonly CompiledPolicy[];
  /** The permissions boundary of the user or role. */
  readonly boundary?: CompiledPolicy;
  /** Tags of the user or role (`aws:PrincipalTag/<key>`), session tags laid over them. */
  readonly tags?: ReadonlyMap<string, string>;
}

export const noPolicies: PrincipalPolicies = { identity: [] };
