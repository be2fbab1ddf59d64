/**
 * What users and roles have in common: how they are made, found and changed. A policy of the account's own counts whom it is attached to and whom
 * it bounds; the count changes in the same commit, so a policy cannot be deleted while it is being attached.
 */
import { arnOf, type Entity, predefinedPolicies, type RoleRecord, type UserRecord } from '#identity';
import { removeRecord, replaceRecord, type Stored, type Write } from '#platform';
import { alreadyExists, noSuchEntity, policyNotAttachable, quotaExceeded } from './answers.ts';
import { change, type IamContext } from './context.ts';
import { quotas } from './limits.ts';
import { nameInOwnPolicyArn } from './policy-arns.ts';

export type EntityKind = 'user' | 'role';

interface EntityRecords {
  readonly user: UserRecord;
  readonly role: RoleRecord;
}
export type RecordOf<Kind extends EntityKind> = EntityRecords[Kind];

export const collectionOf = { user: 'users', role: 'roles' } as const;
export const nameMemberOf = { user: 'UserName', role: 'RoleName' } as const;
/** As operations spell it: `PutRolePolicy`. */
export const wordOf = { user: 'User', role: 'Role' } as const;

export const entityNotFound = (kind: EntityKind, name: string) =>
  noSuchEntity(`The ${kind} with name ${name} cannot be found.`);

export const entityExists = (kind: EntityKind, name: string) =>
  alreadyExists(`${wordOf[kind]} with name ${name} already exists.`);

/** From memory. */
export function getEntity<Kind extends EntityKind>(
  { account }: IamContext,
  kind: Kind,
  name: string,
): RecordOf<Kind> {
  const { view } = account.directory;
  const found = kind === 'user' ? view.user(name) : view.role(name);
  if (found === undefined) throw entityNotFound(kind, name);
  return found as RecordOf<Kind>;
}

export const entityArn = ({ account }: IamContext, kind: EntityKind, entity: Entity): string =>
  arnOf(account.accountId, collectionOf[kind], entity);

/** Throws EntityAlreadyExists where the name is taken, in whatever case. */
export async function createEntity<Kind extends EntityKind>(
  context: IamContext,
  kind: Kind,
  entity: RecordOf<Kind>,
): Promise<void> {
  const { directory } = context.account;
  const collection: 'users' | 'roles' = collectionOf[kind];
  await change(context, async () => {
    if ((await directory.read(collection, entity.name)) !== undefined) throw entityExists(kind, entity.name);
    const counts = await countWrites(context, undefined, entity);
    return { writes: [directory.add(collection, entity), ...counts], result: undefined };
  });
}

/** Replaces a user or role by what `next` makes of it; undefined: nothing to change. */
export async function changeEntity<Kind extends EntityKind>(
  context: IamContext,
  kind: Kind,
  name: string,
  next: (before: RecordOf<Kind>) => RecordOf<Kind> | undefined,
): Promise<void> {
  await change(context, async () => {
    const stored = await readEntity(context, kind, name);
    const after = next(stored.value);
    if (after === undefined) return { writes: [], result: undefined };
    const counts = await countWrites(context, stored.value, after);
    return { writes: [replaceRecord(stored, after), ...counts], result: undefined };
  });
}

/** `check` throws where something must go first. */
export async function deleteEntity<Kind extends EntityKind>(
  context: IamContext,
  kind: Kind,
  name: string,
  check: (before: RecordOf<Kind>) => void,
): Promise<void> {
  await change(context, async () => {
    const stored = await readEntity(context, kind, name);
    check(stored.value);
    const counts = await countWrites(context, stored.value, undefined);
    return { writes: [removeRecord(stored), ...counts], result: undefined };
  });
}

/** From the store: what a change is decided on. */
export async function readEntity<Kind extends EntityKind>(
  { account }: IamContext,
  kind: Kind,
  name: string,
): Promise<Stored<RecordOf<Kind>>> {
  const stored = await account.directory.read(collectionOf[kind], name);
  if (stored === undefined) throw entityNotFound(kind, name);
  return stored as Stored<RecordOf<Kind>>;
}

/** The writes that keep the counts of policies true when `before` becomes `after`. Throws where a policy is not there. */
export async function countWrites(
  context: IamContext,
  before: Entity | undefined,
  after: Entity | undefined,
): Promise<readonly Write[]> {
  const changes = new Map<string, { attachments: number; boundaryUses: number }>();
  const add = (arn: string, attachments: number, boundaryUses: number): void => {
    const sum = changes.get(arn) ?? { attachments: 0, boundaryUses: 0 };
    sum.attachments += attachments;
    sum.boundaryUses += boundaryUses;
    changes.set(arn, sum);
  };
  for (const arn of before?.attachedPolicies ?? []) add(arn, -1, 0);
  for (const arn of after?.attachedPolicies ?? []) add(arn, 1, 0);
  if (before?.boundary !== undefined) add(before.boundary, 0, -1);
  if (after?.boundary !== undefined) add(after.boundary, 0, 1);
  const writes: Write[] = [];
  for (const [arn, { attachments, boundaryUses }] of changes) {
    if (attachments === 0 && boundaryUses === 0) continue;
    if (predefinedPolicies.has(arn)) continue;
    const name = nameInOwnPolicyArn(context.account.accountId, arn);
    const stored = name === undefined ? undefined : await context.account.directory.read('policies', name);
    if (stored === undefined || arnOf(context.account.accountId, 'policies', stored.value) !== arn) {
      throw policyNotAttachable(arn);
    }
    const { value } = stored;
    writes.push(
      replaceRecord(stored, {
        ...value,
        attachments: value.attachments + attachments,
        boundaryUses: value.boundaryUses + boundaryUses,
      }),
    );
  }
  return writes;
}

export function checkQuota({ account }: IamContext, collection: 'users' | 'roles' | 'policies'): void {
  const max = quotas[collection];
  if (account.directory.view.count(collection) < max) return;
  const word = {
    users: 'UsersPerAccount',
    roles: 'RolesPerAccount',
    policies: 'PoliciesPerAccount',
  } as const;
  throw quotaExceeded(word[collection], max);
}
