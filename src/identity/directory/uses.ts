/** Which users and roles a policy is attached to or bounds, by the policy's ARN: kept up as records come and go. */
import type { Entity } from './records.ts';

export interface PolicyUses {
  /** Names in lower case. */
  readonly users: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

type Kind = 'users' | 'roles';
type OpenUses = { readonly users: Set<string>; readonly roles: Set<string> };

const none: PolicyUses = { users: new Set(), roles: new Set() };

export class UsesIndex {
  readonly #attachments = new Map<string, OpenUses>();
  readonly #boundaries = new Map<string, OpenUses>();

  attachmentsOf(policyArn: string): PolicyUses {
    return this.#attachments.get(policyArn) ?? none;
  }

  boundariesOf(policyArn: string): PolicyUses {
    return this.#boundaries.get(policyArn) ?? none;
  }

  add(kind: Kind, name: string, entity: Entity): void {
    for (const arn of entity.attachedPolicies) add(this.#attachments, arn, kind, name);
    if (entity.boundary !== undefined) add(this.#boundaries, entity.boundary, kind, name);
  }

  remove(kind: Kind, name: string, entity: Entity): void {
    for (const arn of entity.attachedPolicies) remove(this.#attachments, arn, kind, name);
    if (entity.boundary !== undefined) remove(this.#boundaries, entity.boundary, kind, name);
  }
}

function add(index: Map<string, OpenUses>, arn: string, kind: Kind, name: string): void {
  let uses = index.get(arn);
  if (uses === undefined) index.set(arn, (uses = { users: new Set(), roles: new Set() }));
  uses[kind].add(name);
}

function remove(index: Map<string, OpenUses>, arn: string, kind: Kind, name: string): void {
  const uses = index.get(arn);
  uses?.[kind].delete(name);
  if (uses?.users.size === 0 && uses.roles.size === 0) index.delete(arn);
}
