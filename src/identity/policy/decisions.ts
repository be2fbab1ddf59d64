/**
 * The authoriser: decisions that are asked again are answered from a cache. An entry holds for one caller, action, resource and list of
 * resource policies; it is kept only where nothing else had a say (no condition looked at the request), and forgotten when the source's
 * revision changes. Root without resource policies does not even get that far.
 */
import { Lru } from '#lib/lru';
import type { AccessDecision, AccessQuestion, Authorizer, ConditionValues } from '../authorizer.ts';
import type { Principal } from '../principal.ts';
import { type Caller, callerOf, type Outsider, outsiderOf } from './caller.ts';
import type { CompiledPolicy } from './compiled.ts';
import { CompiledTexts } from './compiled-texts.ts';
import { RequestContext } from './context.ts';
import { allowed, decide, decideForOutsider, isOwnResource } from './decide.ts';
import type { PolicyRequest } from './evaluate.ts';
import { cachedDecisionsMax, cachedPrincipalsMax } from './limits.ts';
import { noPolicies, type PolicySource, type PrincipalPolicies } from './source.ts';

export interface OutsiderQuestion extends Omit<AccessQuestion, 'principal'> {
  readonly caller: Outsider;
}

export interface PolicyAuthorizer extends Authorizer {
  /** For AWS services and unsigned requests: the resource policies alone decide. */
  decideForOutsider(question: OutsiderQuestion): AccessDecision;
}

export function openAuthorizer(source: PolicySource): PolicyAuthorizer {
  return new Decisions(source);
}

/** Whoever asks, with everything that decisions need of it. */
interface Asker {
  /** Never the same for two askers. */
  readonly id: number;
  readonly caller: Caller;
  readonly policies: PrincipalPolicies;
  readonly session: readonly CompiledPolicy[] | undefined;
}

class Decisions implements PolicyAuthorizer {
  readonly #source: PolicySource;
  #revision: number;
  readonly #decisions = new Lru<string, AccessDecision>(cachedDecisionsMax);
  /** By everything that a principal is known by. */
  readonly #askers = new Lru<string, Asker>(cachedPrincipalsMax);
  /** The same, for principals that are asked about with the same object again. */
  #byPrincipal = new WeakMap<Principal, Asker>();
  #nextId = 1;
  readonly #texts = {
    identity: new CompiledTexts('identity'),
    trust: new CompiledTexts('trust'),
    resource: new CompiledTexts('resource'),
  };

  constructor(source: PolicySource) {
    this.#source = source;
    this.#revision = source.revision;
  }

  decide(question: AccessQuestion): AccessDecision {
    const { principal, action, resource, conditions, resourcePolicies } = question;
    const isRoot = principal.kind === 'root';
    const hasResourcePolicies = resourcePolicies !== undefined && resourcePolicies.length > 0;
    if (
      isRoot &&
      !hasResourcePolicies &&
      principal.sessionPolicies === undefined &&
      isOwnResource(principal.accountId, resource)
    ) {
      return allowed;
    }
    this.#forgetOlderRevisions();
    const asker = this.#byPrincipal.get(principal) ?? this.#askerOf(principal);
    const isTrust = isTrustAction(action);
    const texts = hasResourcePolicies ? resourcePolicies.map((text) => this.#textsFor(isTrust).of(text)) : [];
    return this.#remembered(asker, texts, action, resource, conditions, (request) => {
      // Root must be able to mend a policy that nobody can read.
      const policies = texts.filter(({ isReadable }) => isReadable || !isRoot).map(({ policy }) => policy);
      return decide({ ...asker, request, action, resourcePolicies: policies, isTrust });
    });
  }

  decideForOutsider(question: OutsiderQuestion): AccessDecision {
    const { caller, action, resource, conditions, resourcePolicies = [] } = question;
    this.#forgetOlderRevisions();
    const key = caller.kind === 'service' ? `service ${caller.service}` : caller.kind;
    const asker =
      this.#askers.get(key) ??
      this.#keep(key, { caller: outsiderOf(caller), policies: noPolicies, session: undefined });
    const isTrust = isTrustAction(action);
    const texts = resourcePolicies.map((text) => this.#textsFor(isTrust).of(text));
    return this.#remembered(asker, texts, action, resource, conditions, (request) =>
      decideForOutsider(
        request,
        action,
        texts.map(({ policy }) => policy),
        isTrust,
      ),
    );
  }

  #remembered(
    asker: Asker,
    texts: readonly { readonly id: number }[],
    action: string,
    resource: string,
    conditions: () => ConditionValues,
    decideAnew: (request: PolicyRequest) => AccessDecision,
  ): AccessDecision {
    const ids = texts.length === 0 ? '' : texts.map(({ id }) => id).join('+');
    // The length keeps action and resource apart whatever is in them.
    const key = `${asker.id} ${ids} ${action.length} ${action}${resource}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const context = new RequestContext(asker.caller, conditions);
    const decision = decideAnew({ caller: asker.caller, action: action.toLowerCase(), resource, context });
    if (!context.consulted) this.#decisions.set(key, decision);
    return decision;
  }

  #askerOf(principal: Principal): Asker {
    // Nothing that policies see depends on the access key.
    const key = JSON.stringify({ ...principal, accessKeyId: undefined });
    const asker = this.#askers.get(key) ?? this.#keep(key, this.#describe(principal));
    this.#byPrincipal.set(principal, asker);
    return asker;
  }

  #describe(principal: Principal): Omit<Asker, 'id'> {
    const policies = principal.kind === 'root' ? noPolicies : this.#source.policiesOf(principal);
    return {
      caller: callerOf(principal, policies.tags),
      policies,
      session: principal.sessionPolicies?.map((text) => this.#texts.identity.of(text).policy),
    };
  }

  #keep(key: string, described: Omit<Asker, 'id'>): Asker {
    const asker = { id: this.#nextId, ...described };
    this.#nextId += 1;
    this.#askers.set(key, asker);
    return asker;
  }

  #textsFor(isTrust: boolean): CompiledTexts {
    return isTrust ? this.#texts.trust : this.#texts.resource;
  }

  #forgetOlderRevisions(): void {
    const { revision } = this.#source;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#decisions.clear();
    this.#askers.clear();
    this.#byPrincipal = new WeakMap();
  }
}

/** The actions whose resource is a role, and whose resource policy is its trust policy. */
function isTrustAction(action: string): boolean {
  return (
    action.startsWith('sts:') && /^sts:(?:AssumeRole|TagSession|SetSourceIdentity|SetContext)/i.test(action)
  );
}
