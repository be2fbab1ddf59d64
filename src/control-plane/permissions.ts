/** AddPermission, GetPolicy, RemovePermission: who else may do something with a function, version or alias. */
import type { Json } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { conflict } from './answers.ts';
import type { Context } from './context.ts';
import { permissionStatement, type Statement } from './permission-statement.ts';
import { type PolicyTarget, policyTarget, policyWrites, requireRevision } from './policy-target.ts';
import { required, targetOf, text } from './request.ts';

interface PolicyDocument {
  readonly Version?: Json;
  readonly Id?: Json;
  /** AWS takes a lone statement for a list of one. */
  readonly Statement: Statement | readonly Statement[];
}

export function permissionHandlers(context: Context): Handlers {
  return {
    AddPermission: (input, request) => addPermission(context, input, request),
    GetPolicy: (input, request) => getPolicy(context, input, request),
    RemovePermission: (input, request) => removePermission(context, input, request),
  };
}

async function addPermission(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, entropy } = context;
  const { name, qualifier } = targetOf(input, request, context.region, 'AddPermission');
  const statement = await store.change(name, async () => {
    const target = await policyTarget(store, name, qualifier);
    const statement = permissionStatement(input, target.arn);
    const document = documentOf(target);
    const statements = document ? statementsOf(document) : [];
    requireRevision(target, text(input, 'RevisionId'));
    if (statements.some(({ Sid }) => Sid === statement['Sid'])) {
      throw conflict(
        `The statement id (${required(input, 'StatementId')}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      );
    }
    const next = {
      ...(document ?? { Version: '2012-10-17', Id: 'default' }),
      Statement: [...statements, statement],
    };
    return { writes: policyWrites(target, JSON.stringify(next), entropy.uuid()), result: statement };
  });
  return { Statement: JSON.stringify(statement) };
}

async function getPolicy(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { name, qualifier } = targetOf(input, request, context.region, 'GetPolicy');
  const { policy, resource } = await policyTarget(context.store, name, qualifier);
  if (!policy) {
    throw new WireError('ResourceNotFoundException', 'The resource you requested does not exist.');
  }
  return { Policy: policy.document, RevisionId: resource.value.revisionId };
}

async function removePermission(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, entropy } = context;
  const { name, qualifier } = targetOf(input, request, context.region, 'RemovePermission');
  const statementId = required(input, 'StatementId');
  await store.change(name, async () => {
    const target = await policyTarget(store, name, qualifier);
    const document = documentOf(target);
    if (!document) {
      throw new WireError('ResourceNotFoundException', 'No policy is associated with the given resource.');
    }
    const statements = statementsOf(document);
    const rest = statements.filter(({ Sid }) => Sid !== statementId);
    if (rest.length === statements.length) {
      throw new WireError(
        'ResourceNotFoundException',
        `Statement ${statementId} is not found in resource policy.`,
      );
    }
    requireRevision(target, text(input, 'RevisionId'));
    const next = rest.length === 0 ? undefined : JSON.stringify({ ...document, Statement: rest });
    return { writes: policyWrites(target, next, entropy.uuid()), result: undefined };
  });
  return {};
}

/** The target's policy; the text was checked before it was stored. */
function documentOf({ policy }: PolicyTarget): PolicyDocument | undefined {
  return policy && (JSON.parse(policy.document) as PolicyDocument);
}

const statementsOf = ({ Statement }: PolicyDocument): readonly Statement[] =>
  Array.isArray(Statement) ? Statement : [Statement as Statement];
