/** CreateRole, GetRole, ListRoles, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy, DeleteRole, ListInstanceProfilesForRole. */
import { type RoleRecord, uniqueId } from '#identity';
import type { Handlers, Output } from '#wire';
import { deleteConflict } from './answers.ts';
import { type IamContext, nowMs } from './context.ts';
import { checkTrustPolicy, encodeDocument } from './documents.ts';
import { changeEntity, checkQuota, createEntity, deleteEntity, entityArn, getEntity } from './entities.ts';
import { page } from './pages.ts';
import { checkPolicyArn } from './policy-arns.ts';
import { number, required, tagsIn, text } from './request.ts';
import { boundaryOut, checkNewTags, tagsOut } from './traits.ts';
import { listed } from './users.ts';

const sessionSecondsDefault = 3600;

export function roleHandlers(context: IamContext): Handlers {
  const { directory } = context.account;
  const changeRole = (name: string, next: (before: RoleRecord) => RoleRecord): Promise<void> =>
    changeEntity(context, 'role', name, next);
  return {
    CreateRole: async (input) => {
      const trustPolicy = required(input, 'AssumeRolePolicyDocument');
      checkTrustPolicy(trustPolicy, 'assumeRolePolicyDocument');
      const boundary = text(input, 'PermissionsBoundary');
      if (boundary !== undefined) checkPolicyArn(boundary);
      const description = text(input, 'Description');
      checkQuota(context, 'roles');
      const role: RoleRecord = {
        name: required(input, 'RoleName'),
        path: text(input, 'Path') ?? '/',
        id: uniqueId('AROA', context.entropy.bytes(17)),
        createdAtMs: nowMs(context),
        trustPolicy,
        sessionSecondsMax: number(input, 'MaxSessionDuration') ?? sessionSecondsDefault,
        ...(description === undefined ? {} : { description }),
        tags: checkNewTags('Role', [], tagsIn(input)),
        ...(boundary === undefined ? {} : { boundary }),
        inlinePolicies: [],
        attachedPolicies: [],
      };
      await createEntity(context, 'role', role);
      return { Role: roleOut(context, role) };
    },
    GetRole: async (input) => {
      const role = getEntity(context, 'role', required(input, 'RoleName'));
      // When a role was last used is not recorded.
      return { Role: { ...roleOut(context, role), RoleLastUsed: {} } };
    },
    ListRoles: async (input) => {
      const prefix = text(input, 'PathPrefix') ?? '/';
      const roles = directory.view.roles().filter(({ path }) => path.startsWith(prefix));
      const { items, end } = page(input, roles, ({ name }) => name);
      return { Roles: items.map((role) => listed(roleOut(context, role))), ...end };
    },
    UpdateRole: async (input) => {
      const description = text(input, 'Description');
      const sessionSecondsMax = number(input, 'MaxSessionDuration');
      await changeRole(required(input, 'RoleName'), (role) => ({
        ...role,
        ...(description === undefined ? {} : { description }),
        ...(sessionSecondsMax === undefined ? {} : { sessionSecondsMax }),
      }));
      return {};
    },
    UpdateRoleDescription: async (input) => {
      const name = required(input, 'RoleName');
      const description = required(input, 'Description');
      await changeRole(name, (role) => ({ ...role, description }));
      return { Role: roleOut(context, getEntity(context, 'role', name)) };
    },
    UpdateAssumeRolePolicy: async (input) => {
      const trustPolicy = required(input, 'PolicyDocument');
      checkTrustPolicy(trustPolicy, 'policyDocument');
      await changeRole(required(input, 'RoleName'), (role) => ({ ...role, trustPolicy }));
      return {};
    },
    DeleteRole: async (input) => {
      await deleteEntity(context, 'role', required(input, 'RoleName'), (role) => {
        if (role.attachedPolicies.length > 0) {
          throw deleteConflict('Cannot delete entity, must detach all policies first.');
        }
        if (role.inlinePolicies.length > 0) {
          throw deleteConflict('Cannot delete entity, must delete policies first.');
        }
      });
      return {};
    },
    ListInstanceProfilesForRole: async (input) => {
      getEntity(context, 'role', required(input, 'RoleName'));
      return { InstanceProfiles: [], IsTruncated: false };
    },
  };
}

function roleOut(context: IamContext, role: RoleRecord): Output {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: entityArn(context, 'role', role),
    CreateDate: new Date(role.createdAtMs),
    AssumeRolePolicyDocument: encodeDocument(role.trustPolicy),
    // AWS leaves an empty description out.
    Description: role.description === '' ? undefined : role.description,
    MaxSessionDuration: role.sessionSecondsMax,
    ...boundaryOut(role),
    ...tagsOut(role.tags),
  };
}
