/**
 * PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: the whole policy of a function, version or alias at once, the same
 * one that AddPermission adds to.
 */
import { checkResourcePolicy, isPublic } from '#identity';
import { latestVersion } from '#metadata';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { policyTarget, policyWrites, requireRevision } from './policy-target.ts';
import { referred, required, type Target, text } from './request.ts';

export function resourcePolicyHandlers(context: Context): Handlers {
  return {
    PutResourcePolicy: (input, request) => putResourcePolicy(context, input, request),
    GetResourcePolicy: async (input, request) => {
      const { name, qualifier } = policyResource(input, request, context.region, 'GetResourcePolicy');
      const { policy, resource } = await policyTarget(context.store, name, qualifier);
      if (!policy) throw noPolicy();
      return { Policy: policy.document, RevisionId: resource.value.revisionId };
    },
    DeleteResourcePolicy: (input, request) => deleteResourcePolicy(context, input, request),
  };
}

async function putResourcePolicy(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, entropy } = context;
  const { name, qualifier } = policyResource(input, request, context.region, 'PutResourcePolicy');
  const document = required(input, 'Policy');
  const check = checkResourcePolicy(document);
  if (check.kind === 'invalid') throw invalidParameter(check.message);
  if (isPublic(check.policy)) {
    throw new WireError(
      'PublicPolicyException',
      'The resource-based policy you tried to add to the Lambda resource would grant public access to it, which is not allowed.',
    );
  }
  const revisionId = entropy.uuid();
  await store.change(name, async () => {
    const target = await policyTarget(store, name, qualifier);
    requireRevision(target, text(input, 'RevisionId'));
    return { writes: policyWrites(target, document, revisionId), result: undefined };
  });
  return { Policy: document, RevisionId: revisionId };
}

async function deleteResourcePolicy(
  { store, entropy, region }: Context,
  input: Input,
  request: RequestContext,
): Promise<Output> {
  const { name, qualifier } = policyResource(input, request, region, 'DeleteResourcePolicy');
  await store.change(name, async () => {
    const target = await policyTarget(store, name, qualifier);
    if (!target.policy) throw noPolicy();
    requireRevision(target, text(input, 'RevisionId'));
    return { writes: policyWrites(target, undefined, entropy.uuid()), result: undefined };
  });
  return {};
}

const noPolicy = (): WireError =>
  new WireError('ResourceNotFoundException', 'The resource you requested does not exist.');

/** `$LATEST` in an ARN means the function, whose policy it is. */
function policyResource(input: Input, request: RequestContext, region: string, operation: string): Target {
  const target = referred(required(input, 'ResourceArn'), undefined, request, region, operation);
  return target.qualifier === latestVersion ? { ...target, qualifier: undefined } : target;
}
