/** CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, ListEntitiesForPolicy: of the account's own policies and the predefined ones. */
import { arnOf, type PolicyRecord, predefinedPolicies, type Tag, uniqueId } from '#identity';
import { removeRecord, type Stored } from '#platform';
import type { Handlers, Input, Output } from '#wire';
import { alreadyExists, deleteConflict, invalidInput, noSuchEntity, policyNotFound } from './answers.ts';
import { change, type IamContext, nowMs } from './context.ts';
import { checkManagedPolicy } from './documents.ts';
import { checkQuota } from './entities.ts';
import { page } from './pages.ts';
import { checkPolicyArn, nameInOwnPolicyArn } from './policy-arns.ts';
import { flag, required, tagsIn, text } from './request.ts';
import { checkNewTags, tagsOut } from './traits.ts';

/** A policy of either origin. */
export interface ManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly tags: readonly Tag[];
  readonly defaultVersionId: string;
  readonly versions: readonly {
    readonly id: string;
    readonly document: string;
    readonly createdAtMs: number;
  }[];
}

export function managedPolicyHandlers(context: IamContext): Handlers {
  const { directory } = context.account;
  return {
    CreatePolicy: async (input) => {
      const policy = newPolicy(context, input);
      checkQuota(context, 'policies');
      await change(context, async () => {
        if ((await directory.read('policies', policy.name)) !== undefined) {
          throw alreadyExists(
            `A policy called ${policy.name} already exists. Duplicate names are not allowed.`,
          );
        }
        return { writes: [directory.add('policies', policy)], result: undefined };
      });
      return { Policy: policyOut(context, own(context, policy)) };
    },
    GetPolicy: async (input) => {
      const policy = getPolicy(context, required(input, 'PolicyArn'));
      return { Policy: policyOut(context, policy) };
    },
    ListPolicies: async (input) => {
      const { items, end } = page(input, listedPolicies(context, input), ({ arn, name }) => `${name} ${arn}`);
      return {
        Policies: items.map((policy) => {
          // AWS answers these two only to GetPolicy.
          const { Description: _description, Tags: _tags, ...rest } = policyOut(context, policy);
          return rest;
        }),
        ...end,
      };
    },
    DeletePolicy: async (input) => {
      const arn = required(input, 'PolicyArn');
      await change(context, async () => {
        const stored = await readOwnPolicy(context, arn);
        const { attachments, boundaryUses, versions } = stored.value;
        if (attachments + boundaryUses > 0) {
          throw deleteConflict('Cannot delete a policy attached to entities.');
        }
        if (versions.length > 1) {
          throw deleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        }
        return { writes: [removeRecord(stored)], result: undefined };
      });
      return {};
    },
    ListEntitiesForPolicy: async (input) => entitiesOf(context, input),
  };
}

/** From memory; undefined where there is none. */
export function findPolicy(context: IamContext, arn: string): ManagedPolicy | undefined {
  const record = context.account.directory.view.policy(arn);
  if (record !== undefined) return own(context, record);
  return predefined.get(arn);
}

/** Throws NoSuchEntity, or InvalidInput for what is no ARN of a policy. */
export function getPolicy(context: IamContext, arn: string): ManagedPolicy {
  checkPolicyArn(arn);
  const policy = findPolicy(context, arn);
  if (policy === undefined) throw policyNotFound(arn);
  return policy;
}

/** A policy that the account may change, from the store. */
export async function readOwnPolicy({ account }: IamContext, arn: string): Promise<Stored<PolicyRecord>> {
  checkPolicyArn(arn);
  if (predefinedPolicies.has(arn)) {
    throw invalidInput(`Policy ${arn} is managed by AWS and cannot be changed.`);
  }
  const name = nameInOwnPolicyArn(account.accountId, arn);
  const stored = name === undefined ? undefined : await account.directory.read('policies', name);
  if (stored === undefined || arnOf(account.accountId, 'policies', stored.value) !== arn) {
    throw policyNotFound(arn);
  }
  return stored;
}

const own = ({ account }: IamContext, record: PolicyRecord): ManagedPolicy => ({
  ...record,
  arn: arnOf(account.accountId, 'policies', record),
});

const predefined: ReadonlyMap<string, ManagedPolicy> = new Map(
  [...predefinedPolicies.values()].map((policy) => {
    const { versionId, document, updatedAtMs } = policy;
    const versions = [{ id: versionId, document, createdAtMs: updatedAtMs }];
    return [policy.arn, { ...policy, tags: [], defaultVersionId: versionId, versions }];
  }),
);

function newPolicy(context: IamContext, input: Input): PolicyRecord {
  const document = required(input, 'PolicyDocument');
  checkManagedPolicy(document);
  const description = text(input, 'Description');
  const createdAtMs = nowMs(context);
  return {
    name: required(input, 'PolicyName'),
    path: text(input, 'Path') ?? '/',
    id: uniqueId('ANPA', context.entropy.bytes(17)),
    ...(description === undefined ? {} : { description }),
    tags: checkNewTags('Policy', [], tagsIn(input)),
    createdAtMs,
    updatedAtMs: createdAtMs,
    versions: [{ id: 'v1', document, createdAtMs }],
    defaultVersionId: 'v1',
    versionsMade: 1,
    attachments: 0,
    boundaryUses: 0,
  };
}

function policyOut({ account }: IamContext, policy: ManagedPolicy): Output {
  const { view } = account.directory;
  const attached = view.attachmentsOf(policy.arn);
  const bounded = view.boundariesOf(policy.arn);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: attached.users.size + attached.roles.size,
    PermissionsBoundaryUsageCount: bounded.users.size + bounded.roles.size,
    IsAttachable: true,
    Description: policy.description === '' ? undefined : policy.description,
    CreateDate: new Date(policy.createdAtMs),
    UpdateDate: new Date(policy.updatedAtMs),
    ...tagsOut(policy.tags),
  };
}

function listedPolicies(context: IamContext, input: Input): readonly ManagedPolicy[] {
  const { view } = context.account.directory;
  const scope = text(input, 'Scope') ?? 'All';
  const prefix = text(input, 'PathPrefix') ?? '/';
  const usage = text(input, 'PolicyUsageFilter');
  const used = ({ arn }: ManagedPolicy): boolean => {
    const attached = view.attachmentsOf(arn);
    const bounded = view.boundariesOf(arn);
    const asPermissions = usage !== 'PermissionsBoundary' && attached.users.size + attached.roles.size > 0;
    const asBoundary = usage !== 'PermissionsPolicy' && bounded.users.size + bounded.roles.size > 0;
    return asPermissions || asBoundary;
  };
  const all = [
    ...(scope === 'AWS' ? [] : view.policies().map((record) => own(context, record))),
    ...(scope === 'Local' ? [] : predefined.values()),
  ];
  const onlyUsed = flag(input, 'OnlyAttached') || usage !== undefined;
  return all.filter((policy) => policy.path.startsWith(prefix) && (!onlyUsed || used(policy)));
}

function entitiesOf(context: IamContext, input: Input): Output {
  const { view } = context.account.directory;
  const { arn } = getPolicy(context, required(input, 'PolicyArn'));
  const filter = text(input, 'EntityFilter');
  const prefix = text(input, 'PathPrefix') ?? '/';
  const usage = text(input, 'PolicyUsageFilter');
  const uses = [
    ...(usage === 'PermissionsBoundary' ? [] : [view.attachmentsOf(arn)]),
    ...(usage === 'PermissionsPolicy' ? [] : [view.boundariesOf(arn)]),
  ];
  const namesOf = (kind: 'users' | 'roles') => [...new Set(uses.flatMap((use) => Array.from(use[kind])))];
  const wants = (kind: string) => filter === undefined || filter === kind;
  const entities = [
    ...(wants('User')
      ? namesOf('users').map((name) => ({ kind: 'user', entity: view.user(name) }) as const)
      : []),
    ...(wants('Role')
      ? namesOf('roles').map((name) => ({ kind: 'role', entity: view.role(name) }) as const)
      : []),
  ].flatMap(({ kind, entity }) =>
    entity !== undefined && entity.path.startsWith(prefix)
      ? [{ kind, name: entity.name, id: entity.id }]
      : [],
  );
  const { items, end } = page(input, entities, ({ kind, name }) => `${kind} ${name}`);
  return {
    PolicyGroups: [],
    PolicyUsers: items
      .filter(({ kind }) => kind === 'user')
      .map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: items
      .filter(({ kind }) => kind === 'role')
      .map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    ...end,
  };
}

export const versionNotFound = (arn: string, versionId: string) =>
  noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`);
