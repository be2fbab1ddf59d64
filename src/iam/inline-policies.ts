/** PutRolePolicy, GetRolePolicy, ListRolePolicies, DeleteRolePolicy, and the same of users. */
import type { Handlers } from '#wire';
import { noSuchEntity } from './answers.ts';
import type { IamContext } from './context.ts';
import { checkDocument, checkInlinePolicies, encodeDocument } from './documents.ts';
import { changeEntity, type EntityKind, getEntity, nameMemberOf, wordOf } from './entities.ts';
import { page } from './pages.ts';
import { required } from './request.ts';

export const inlinePolicyHandlers = (context: IamContext): Handlers => ({
  ...handlersOf(context, 'role'),
  ...handlersOf(context, 'user'),
});

function handlersOf(context: IamContext, kind: EntityKind): Handlers {
  const nameMember = nameMemberOf[kind];
  const word = wordOf[kind];
  const notFound = (name: string) => noSuchEntity(`The ${kind} policy with name ${name} cannot be found.`);
  return {
    [`Put${word}Policy`]: async (input) => {
      const name = required(input, 'PolicyName');
      const document = required(input, 'PolicyDocument');
      checkDocument(document, 'identity');
      await changeEntity(context, kind, required(input, nameMember), (entity) => {
        const others = entity.inlinePolicies.filter((policy) => policy.name !== name);
        const inlinePolicies = [...others, { name, document }];
        checkInlinePolicies(kind, entity, inlinePolicies);
        return { ...entity, inlinePolicies };
      });
      return {};
    },
    [`Get${word}Policy`]: async (input) => {
      const entity = getEntity(context, kind, required(input, nameMember));
      const name = required(input, 'PolicyName');
      const policy = entity.inlinePolicies.find((one) => one.name === name);
      if (policy === undefined) throw notFound(name);
      return {
        [nameMember]: entity.name,
        PolicyName: policy.name,
        PolicyDocument: encodeDocument(policy.document),
      };
    },
    [`List${word}Policies`]: async (input) => {
      const { inlinePolicies } = getEntity(context, kind, required(input, nameMember));
      const { items, end } = page(input, inlinePolicies, ({ name }) => name);
      return { PolicyNames: items.map(({ name }) => name), ...end };
    },
    [`Delete${word}Policy`]: async (input) => {
      const name = required(input, 'PolicyName');
      await changeEntity(context, kind, required(input, nameMember), (entity) => {
        const inlinePolicies = entity.inlinePolicies.filter((policy) => policy.name !== name);
        if (inlinePolicies.length === entity.inlinePolicies.length) throw notFound(name);
        return { ...entity, inlinePolicies };
      });
      return {};
    },
  };
}
