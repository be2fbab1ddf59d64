/** What the directory's users and roles are allowed, as the authoriser asks for it: gathered once, until something changes. */
import { unreachable } from '#lib/assert';
import { Lru } from '#lib/lru';
import type { Entity } from './directory/records.ts';
import type { DirectoryView } from './directory/view.ts';
import { arnOf, nameInArn } from './directory/keys.ts';
import { gatheredPoliciesMax } from './limits.ts';
import { predefinedPolicies } from './managed-policies/table.ts';
import type { CompiledPolicy } from './policy/compiled.ts';
import { noPolicies, type PolicySource, type PrincipalPolicies } from './policy/source.ts';
import type { PolicyCompiler } from './policy-compiler.ts';
import type { Principal } from './principal.ts';

export class DirectoryPolicies implements PolicySource {
  readonly #view: DirectoryView;
  readonly #accountId: string;
  readonly #compiler: PolicyCompiler;
  /** By record: a changed user or role has another one. Emptied when anything changes, since policies are kept apart from them. */
  #gathered = new Lru<Entity, PrincipalPolicies>(gatheredPoliciesMax);
  #gatheredAt = -1;

  constructor(view: DirectoryView, accountId: string, compiler: PolicyCompiler) {
    this.#view = view;
    this.#accountId = accountId;
    this.#compiler = compiler;
  }

  get revision(): number {
    return this.#view.changes;
  }

  policiesOf(principal: Principal): PrincipalPolicies {
    const entity = this.#entityOf(principal);
    if (entity === undefined) return noPolicies;
    const policies = this.policiesOfEntity(entity);
    const { sessionTags } = principal;
    if (sessionTags === undefined) return policies;
    return { ...policies, tags: new Map([...(policies.tags ?? []), ...sessionTags]) };
  }

  policiesOfEntity(entity: Entity): PrincipalPolicies {
    if (this.#gatheredAt !== this.#view.changes) {
      this.#gathered.clear();
      this.#gatheredAt = this.#view.changes;
    }
    const known = this.#gathered.get(entity);
    if (known !== undefined) return known;
    const gathered = this.#gather(entity);
    this.#gathered.set(entity, gathered);
    return gathered;
  }

  /** The very user or role that the credentials were made for, not a later one of the same name. */
  #entityOf(principal: Principal): Entity | undefined {
    switch (principal.kind) {
      case 'root':
        return undefined;
      case 'user':
        return this.#view.userById(principal.userId);
      case 'assumed-role': {
        const role = this.#view.role(nameInArn(principal.roleArn ?? ''));
        if (role === undefined || arnOf(this.#accountId, 'roles', role) !== principal.roleArn)
          return undefined;
        return principal.userId.startsWith(`${role.id}:`) ? role : undefined;
      }
      default:
        return unreachable(principal.kind);
    }
  }

  #gather(entity: Entity): PrincipalPolicies {
    const attached = entity.attachedPolicies.map((arn) => this.#managed(arn));
    const inline = entity.inlinePolicies.map(({ document }) => this.#compiler.compile(document, 'identity'));
    const { boundary, tags } = entity;
    return {
      identity: [...attached, ...inline],
      ...(boundary === undefined ? {} : { boundary: this.#managed(boundary) }),
      tags: new Map(tags.map(({ key, value }) => [key, value])),
    };
  }

  /** A policy that is gone bounds to nothing, and allows nothing. */
  #managed(arn: string): CompiledPolicy {
    const document = this.#documentOf(arn);
    return document === undefined ? nothing : this.#compiler.compile(document, 'identity');
  }

  #documentOf(arn: string): string | undefined {
    const own = this.#view.policy(arn);
    if (own === undefined) return predefinedPolicies.get(arn)?.document;
    return own.versions.find(({ id }) => id === own.defaultVersionId)?.document;
  }
}

const nothing: CompiledPolicy = { dialect: 'identity', statements: [] };
