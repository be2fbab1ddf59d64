/**
 * SimulatePrincipalPolicy: what the authoriser would answer a user or role, for actions and resources that the caller names. Nothing is
 * cached of it and nothing happens. What the simulation could not take into account is refused by name.
 */
import { openAuthorizer, type Principal } from '#identity';
import type { Handlers, Input, Output } from '#wire';
import { invalidInput, noSuchEntity, notServed } from './answers.ts';
import type { IamContext } from './context.ts';
import { entityArn } from './entities.ts';
import { simulatedPairsMax } from './limits.ts';
import { page } from './pages.ts';
import { required, text, texts } from './request.ts';

interface ContextEntry {
  readonly ContextKeyName?: string;
  readonly ContextKeyValues?: readonly string[];
}

const notTaken = [
  'PolicyInputList',
  'PermissionsBoundaryPolicyInputList',
  'ResourceOwner',
  'CallerArn',
  'ResourceHandlingOption',
];

export function simulationHandlers(context: IamContext): Handlers {
  return {
    SimulatePrincipalPolicy: async (input) => {
      const refused = notTaken.find((member) => input[member] !== undefined);
      if (refused !== undefined) throw notServed(`SimulatePrincipalPolicy with ${refused}`);
      const principal = sourceOf(context, required(input, 'PolicySourceArn'));
      const pairs = pairsOf(input);
      const { items, end } = page(input, pairs, ({ place }) => place);
      // An authoriser of its own, so that simulations do not push real decisions out of the cache.
      const authorizer = openAuthorizer(context.policies);
      const resourcePolicy = text(input, 'ResourcePolicy');
      const conditions = conditionsIn(input);
      return {
        EvaluationResults: items.map(({ action, resource }): Output => {
          const decision = authorizer.decide({
            principal,
            action,
            resource,
            conditions: () => conditions,
            ...(resourcePolicy === undefined ? {} : { resourcePolicies: [resourcePolicy] }),
          });
          const explicit = decision.kind === 'denied' && decision.because.includes('explicit deny');
          return {
            EvalActionName: action,
            EvalResourceName: resource,
            EvalDecision:
              decision.kind === 'allowed' ? 'allowed' : explicit ? 'explicitDeny' : 'implicitDeny',
            MatchedStatements: [],
            MissingContextValues: [],
          };
        }),
        ...end,
      };
    },
  };
}

function pairsOf(input: Input): readonly { action: string; resource: string; place: string }[] {
  const actions = texts(input, 'ActionNames');
  const given = texts(input, 'ResourceArns');
  const resources = given.length === 0 ? ['*'] : given;
  if (actions.length * resources.length > simulatedPairsMax) {
    throw invalidInput(`At most ${simulatedPairsMax} pairs of action and resource are simulated at once.`);
  }
  return actions.flatMap((action, row) =>
    resources.map((resource, column) => ({
      action,
      resource,
      place: String(row * resources.length + column).padStart(8, '0'),
    })),
  );
}

function conditionsIn(input: Input): ReadonlyMap<string, readonly string[]> {
  const entries = (input['ContextEntries'] as readonly ContextEntry[] | undefined) ?? [];
  return new Map(
    entries.map(({ ContextKeyName = '', ContextKeyValues = [] }) => [
      ContextKeyName.toLowerCase(),
      ContextKeyValues,
    ]),
  );
}

/** The user or role as a principal, as if it had called. */
function sourceOf(context: IamContext, arn: string): Principal {
  const { accountId, directory } = context.account;
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const isRole = arn.includes(':role/');
  const entity = isRole ? directory.view.role(name) : directory.view.user(name);
  if (entity === undefined || entityArn(context, isRole ? 'role' : 'user', entity) !== arn) {
    throw noSuchEntity(`${arn} cannot be found.`);
  }
  const shared = { accountId, accessKeyId: '' };
  return isRole
    ? { ...shared, kind: 'assumed-role', arn, roleArn: arn, userId: `${entity.id}:simulation` }
    : { ...shared, kind: 'user', arn, userId: entity.id, userName: entity.name };
}
