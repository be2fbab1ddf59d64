/**
 * The users, roles and policies of an account in memory, as a synchronous structure that documents are put into:
 *
 *   name ─▶ user ─┬─ by id                 name ─▶ role        ARN ─▶ policy
 *                 └─ by each access key         └───── uses ────▶ (attached to, bounds)
 */
import { unreachable } from '#lib/assert';
import type { Document, Json, Revision } from '#platform';
import { arnOf, type Collection, parseKey } from './keys.ts';
import type { AccessKeyRecord, PolicyRecord, RoleRecord, UserRecord } from './records.ts';
import { type PolicyUses, UsesIndex } from './uses.ts';

export interface OwnedKey {
  readonly user: UserRecord;
  readonly key: AccessKeyRecord;
}

export class DirectoryView {
  readonly #accountId: string;
  readonly #revisions = new Map<string, Revision>();
  readonly #users = new Map<string, UserRecord>();
  readonly #usersById = new Map<string, UserRecord>();
  readonly #keys = new Map<string, OwnedKey>();
  readonly #roles = new Map<string, RoleRecord>();
  readonly #policies = new Map<string, PolicyRecord>();
  /** ARNs by names in lower case. */
  readonly #policyArns = new Map<string, string>();
  readonly #uses = new UsesIndex();
  #changes = 0;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  /** Rises with every change. */
  get changes(): number {
    return this.#changes;
  }

  user(name: string): UserRecord | undefined {
    return this.#users.get(name.toLowerCase());
  }

  userById(id: string): UserRecord | undefined {
    return this.#usersById.get(id);
  }

  role(name: string): RoleRecord | undefined {
    return this.#roles.get(name.toLowerCase());
  }

  /** A customer managed policy by its ARN. */
  policy(arn: string): PolicyRecord | undefined {
    return this.#policies.get(arn);
  }

  accessKey(id: string): OwnedKey | undefined {
    return this.#keys.get(id);
  }

  users(): readonly UserRecord[] {
    return [...this.#users.values()];
  }

  roles(): readonly RoleRecord[] {
    return [...this.#roles.values()];
  }

  policies(): readonly PolicyRecord[] {
    return [...this.#policies.values()];
  }

  count(collection: Collection): number {
    switch (collection) {
      case 'users':
        return this.#users.size;
      case 'roles':
        return this.#roles.size;
      case 'policies':
        return this.#policies.size;
      default:
        return unreachable(collection);
    }
  }

  attachmentsOf(policyArn: string): PolicyUses {
    return this.#uses.attachmentsOf(policyArn);
  }

  boundariesOf(policyArn: string): PolicyUses {
    return this.#uses.boundariesOf(policyArn);
  }

  keys(): Iterable<string> {
    return this.#revisions.keys();
  }

  put({ key, value, revision }: Document): void {
    if (revision <= (this.#revisions.get(key) ?? -1)) return;
    this.#revisions.set(key, revision);
    this.#replace(key, value);
  }

  delete(key: string, revision: Revision): void {
    if (revision <= (this.#revisions.get(key) ?? Infinity)) return;
    this.#revisions.delete(key);
    this.#replace(key, undefined);
  }

  #replace(key: string, value: Json | undefined): void {
    const parsed = parseKey(key, this.#accountId);
    if (parsed === undefined) return;
    this.#changes += 1;
    const { collection, name } = parsed;
    switch (collection) {
      case 'users':
        return this.#replaceUser(name, value as unknown as UserRecord | undefined);
      case 'roles':
        return this.#replaceRole(name, value as unknown as RoleRecord | undefined);
      case 'policies':
        return this.#replacePolicy(name, value as unknown as PolicyRecord | undefined);
    }
  }

  #replaceUser(name: string, next: UserRecord | undefined): void {
    const before = this.#users.get(name);
    if (before !== undefined) {
      this.#uses.remove('users', name, before);
      // Renamed users may already stand under their new name.
      if (this.#usersById.get(before.id) === before) this.#usersById.delete(before.id);
      for (const { id } of before.accessKeys) {
        if (this.#keys.get(id)?.user === before) this.#keys.delete(id);
      }
      this.#users.delete(name);
    }
    if (next === undefined) return;
    this.#users.set(name, next);
    this.#usersById.set(next.id, next);
    for (const key of next.accessKeys) this.#keys.set(key.id, { user: next, key });
    this.#uses.add('users', name, next);
  }

  #replaceRole(name: string, next: RoleRecord | undefined): void {
    const before = this.#roles.get(name);
    if (before !== undefined) this.#uses.remove('roles', name, before);
    this.#roles.delete(name);
    if (next === undefined) return;
    this.#roles.set(name, next);
    this.#uses.add('roles', name, next);
  }

  #replacePolicy(name: string, next: PolicyRecord | undefined): void {
    this.#policies.delete(this.#policyArns.get(name) ?? '');
    this.#policyArns.delete(name);
    if (next === undefined) return;
    const arn = arnOf(this.#accountId, 'policies', next);
    this.#policies.set(arn, next);
    this.#policyArns.set(name, arn);
  }
}
