/** AttachRolePolicy, DetachRolePolicy, ListAttachedRolePolicies, Put- and DeleteRolePermissionsBoundary, and the same of users. */
import { nameInArn } from '#identity';
import type { Handlers } from '#wire';
import { noSuchEntity, policyNotAttachable, policyNotFound, quotaExceeded } from './answers.ts';
import type { IamContext } from './context.ts';
import { changeEntity, type EntityKind, getEntity, nameMemberOf, wordOf } from './entities.ts';
import { quotas } from './limits.ts';
import { findPolicy } from './managed-policies.ts';
import { page } from './pages.ts';
import { checkPolicyArn } from './policy-arns.ts';
import { required, text } from './request.ts';

export const attachmentHandlers = (context: IamContext): Handlers => ({
  ...handlersOf(context, 'role'),
  ...handlersOf(context, 'user'),
});

function handlersOf(context: IamContext, kind: EntityKind): Handlers {
  const nameMember = nameMemberOf[kind];
  const word = wordOf[kind];
  return {
    [`Attach${word}Policy`]: async (input) => {
      const arn = attachable(context, required(input, 'PolicyArn'));
      await changeEntity(context, kind, required(input, nameMember), (entity) => {
        if (entity.attachedPolicies.includes(arn)) return undefined;
        if (entity.attachedPolicies.length >= quotas.attachedPolicies) {
          throw quotaExceeded(`PoliciesPer${word}`, quotas.attachedPolicies);
        }
        return { ...entity, attachedPolicies: [...entity.attachedPolicies, arn] };
      });
      return {};
    },
    [`Detach${word}Policy`]: async (input) => {
      const arn = required(input, 'PolicyArn');
      checkPolicyArn(arn);
      await changeEntity(context, kind, required(input, nameMember), (entity) => {
        if (!entity.attachedPolicies.includes(arn)) throw policyNotFound(arn);
        return { ...entity, attachedPolicies: entity.attachedPolicies.filter((one) => one !== arn) };
      });
      return {};
    },
    [`ListAttached${word}Policies`]: async (input) => {
      const { attachedPolicies } = getEntity(context, kind, required(input, nameMember));
      const prefix = text(input, 'PathPrefix') ?? '/';
      const within = attachedPolicies.filter((arn) => pathInArn(arn).startsWith(prefix));
      const { items, end } = page(input, within, (arn) => arn);
      const attached = items.map((arn) => ({ PolicyName: nameInArn(arn), PolicyArn: arn }));
      return { AttachedPolicies: attached, ...end };
    },
    [`Put${word}PermissionsBoundary`]: async (input) => {
      const boundary = attachable(context, required(input, 'PermissionsBoundary'));
      await changeEntity(context, kind, required(input, nameMember), (entity) => ({ ...entity, boundary }));
      return {};
    },
    [`Delete${word}PermissionsBoundary`]: async (input) => {
      const name = required(input, nameMember);
      await changeEntity(context, kind, name, ({ boundary, ...rest }) => {
        if (boundary === undefined) {
          throw noSuchEntity(`${word} with name ${name} does not have a permissions boundary.`);
        }
        return rest;
      });
      return {};
    },
  };
}

/** Throws unless there is such a policy, as far as is known here; whether it still is when it is attached, the change itself sees. */
function attachable(context: IamContext, arn: string): string {
  checkPolicyArn(arn);
  if (findPolicy(context, arn) === undefined) throw policyNotAttachable(arn);
  return arn;
}

function pathInArn(arn: string): string {
  const resource = arn.slice(arn.indexOf(':policy/') + ':policy'.length);
  return resource.slice(0, resource.lastIndexOf('/') + 1);
}
