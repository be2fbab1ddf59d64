/** CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser. */
import { uniqueId, type UserRecord } from '#identity';
import { removeRecord, replaceRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { deleteConflict, validation } from './answers.ts';
import { change, type IamContext, nowMs } from './context.ts';
import {
  checkQuota,
  createEntity,
  deleteEntity,
  entityArn,
  entityExists,
  getEntity,
  readEntity,
} from './entities.ts';
import { page } from './pages.ts';
import { checkPolicyArn } from './policy-arns.ts';
import { required, tagsIn, text } from './request.ts';
import { boundaryOut, checkNewTags, tagsOut } from './traits.ts';

export function userHandlers(context: IamContext): Handlers {
  const { account } = context;
  const { directory } = account;
  return {
    CreateUser: async (input) => {
      const boundary = text(input, 'PermissionsBoundary');
      if (boundary !== undefined) checkPolicyArn(boundary);
      checkQuota(context, 'users');
      const user: UserRecord = {
        name: required(input, 'UserName'),
        path: text(input, 'Path') ?? '/',
        id: uniqueId('AIDA', context.entropy.bytes(17)),
        createdAtMs: nowMs(context),
        tags: checkNewTags('User', [], tagsIn(input)),
        ...(boundary === undefined ? {} : { boundary }),
        inlinePolicies: [],
        attachedPolicies: [],
        accessKeys: [],
      };
      await createEntity(context, 'user', user);
      return { User: userOut(context, user) };
    },
    GetUser: async (input, request) => {
      const name = text(input, 'UserName');
      if (name === undefined && request.principal.kind === 'root') {
        const { accountId, arn } = request.principal;
        return { User: { UserId: accountId, Arn: arn } };
      }
      return { User: userOut(context, getEntity(context, 'user', name ?? callerName(request))) };
    },
    ListUsers: async (input) => {
      const prefix = text(input, 'PathPrefix') ?? '/';
      const users = directory.view.users().filter(({ path }) => path.startsWith(prefix));
      const { items, end } = page(input, users, ({ name }) => name);
      return { Users: items.map((user) => listed(userOut(context, user))), ...end };
    },
    UpdateUser: async (input) => {
      await updateUser(context, input);
      return {};
    },
    DeleteUser: async (input) => {
      await deleteEntity(context, 'user', required(input, 'UserName'), (user) => {
        if (user.accessKeys.length > 0)
          throw deleteConflict('Cannot delete entity, must delete access keys first.');
        if (user.attachedPolicies.length > 0) {
          throw deleteConflict('Cannot delete entity, must detach all policies first.');
        }
        if (user.inlinePolicies.length > 0) {
          throw deleteConflict('Cannot delete entity, must delete policies first.');
        }
      });
      return {};
    },
  };
}

/** The user who calls, for operations that mean the caller where they name nobody. */
export function callerName({ principal }: RequestContext): string {
  if (principal.kind === 'user' && principal.userName !== undefined) return principal.userName;
  throw validation('Must specify userName when calling with non-User credentials');
}

async function updateUser(context: IamContext, input: Input): Promise<void> {
  const { directory } = context.account;
  await change(context, async () => {
    const stored = await readEntity(context, 'user', required(input, 'UserName'));
    const before = stored.value;
    const after: UserRecord = {
      ...before,
      name: text(input, 'NewUserName') ?? before.name,
      path: text(input, 'NewPath') ?? before.path,
    };
    const moved = after.name.toLowerCase() !== before.name.toLowerCase();
    if (!moved) {
      return { writes: [replaceRecord(stored, after)], result: undefined };
    }
    if ((await directory.read('users', after.name)) !== undefined) throw entityExists('user', after.name);
    return { writes: [removeRecord(stored), directory.add('users', after)], result: undefined };
  });
}

function userOut(context: IamContext, user: UserRecord): Output {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: entityArn(context, 'user', user),
    CreateDate: new Date(user.createdAtMs),
    ...boundaryOut(user),
    ...tagsOut(user.tags),
  };
}

/** Lists leave out what only the operations on one user or role answer. */
export function listed({ Tags: _tags, PermissionsBoundary: _boundary, ...rest }: Output): Output {
  return rest;
}
