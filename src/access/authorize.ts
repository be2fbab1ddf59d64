/**
 * Asks for every permission that a request needs, and refuses with AWS's sentence. It is on the path of every warm invoke: a row, the
 * function's name, its policies, a decision that is cached; what conditions look at is put together only when a policy looks.
 */
import { type AccessQuestion, type Authorizer, type ConditionValues, denialMessage } from '#identity';
import { assert } from '#lib/assert';
import { latestVersion, type MetadataCache, type Place } from '#metadata';
import { type Authorize, type Input, type RequestContext, WireError } from '#wire';
import { type Access, accessOf, type AccessRows } from './access.ts';
import type { Resource } from './resources.ts';

export interface AccessOptions {
  /** `lambdaAccess`, `logsAccess` or `sqsAccess`. */
  readonly rows: AccessRows;
  readonly authorizer: Authorizer;
  readonly metadata: Pick<MetadataCache, 'policies' | 'resolve'>;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** The policies of resources that are no functions. */
  readonly policyOf?: (resourceArn: string) => string | undefined;
  /** Tags of resources that are no functions, where they are known at once. */
  readonly tagsOf?: (resourceArn: string) => Readonly<Record<string, string>> | undefined;
}

export function createAuthorize(options: AccessOptions): Authorize {
  const { rows, authorizer, region } = options;
  return (operation, input, context) => {
    const row = rows.get(operation);
    assert(row !== undefined, `nobody knows what ${operation} needs permission for`);
    const place: Place = { accountId: context.principal.accountId, region };
    for (const access of accessOf(row, input, place)) {
      const question = questionOf(options, access, input, context, place);
      if (isForeign(access.resource, place)) throw foreignError(question);
      const decision = authorizer.decide(question);
      if (decision.kind === 'denied') throw deniedError(question, decision.because);
    }
  };
}

function questionOf(
  options: AccessOptions,
  access: Access,
  input: Input,
  context: RequestContext,
  place: Place,
): AccessQuestion {
  const { principal } = context;
  const { action, resource } = access;
  const policy = policyOf(options, resource);
  const question = {
    principal,
    action,
    resource: resource.arn,
    conditions: () => conditionsOf(options, access, input, context, place, policy),
  };
  const counts = policy !== undefined && !(access.rootAlways && principal.kind === 'root');
  return counts ? { ...question, resourcePolicies: [policy] } : question;
}

/** A policy holds for exactly what it was put on: the function, one of its versions, or one of its aliases. */
function policyOf({ metadata, policyOf }: AccessOptions, resource: Resource): string | undefined {
  const { function: name, qualifier } = resource;
  if (name === undefined) return policyOf?.(resource.arn);
  const { policies } = metadata.policies(name.accountId, name.functionName) ?? {};
  if (policies === undefined) return undefined;
  const key = qualifier ?? latestVersion;
  return Object.hasOwn(policies, key) ? policies[key]?.document : undefined;
}

/** There is one account here: nothing of another one can have been granted to anybody. */
function isForeign({ accountId }: Resource, place: Place): boolean {
  return accountId !== undefined && accountId !== place.accountId;
}

function foreignError(question: AccessQuestion): WireError {
  const { action } = question;
  return action === 'iam:PassRole'
    ? new WireError('AccessDeniedException', 'Cross-account pass role is not allowed.')
    : deniedError(question, `because no resource-based policy allows the ${action} action`);
}

function deniedError(question: AccessQuestion, because: string): WireError {
  return new WireError('AccessDeniedException', denialMessage(question, because));
}

function conditionsOf(
  options: AccessOptions,
  access: Access,
  input: Input,
  context: RequestContext,
  place: Place,
  policy: string | undefined,
): ConditionValues {
  const { resource, keys } = access;
  const nowMs = options.nowMs();
  const values = new Map<string, string | readonly string[]>([
    ['aws:currenttime', new Date(nowMs).toISOString()],
    ['aws:epochtime', String(Math.floor(nowMs / 1000))],
    ['aws:requestedregion', place.region],
    // The listener speaks plain HTTP.
    ['aws:securetransport', 'false'],
    ['aws:viaawsservice', 'false'],
    ['aws:principalisawsservice', 'false'],
    ['aws:sourceip', context.sourceIp],
  ]);
  if (context.userAgent !== undefined) values.set('aws:useragent', context.userAgent);
  if (resource.accountId !== undefined) values.set('aws:resourceaccount', resource.accountId);
  for (const [tag, value] of Object.entries(tagsOf(options, resource))) {
    values.set(`aws:resourcetag/${tag.toLowerCase()}`, value);
  }
  for (const source of keys)
    for (const [key, value] of source(input, { place, policy })) values.set(key, value);
  return values;
}

function tagsOf({ metadata, tagsOf }: AccessOptions, resource: Resource): Readonly<Record<string, string>> {
  const { function: name } = resource;
  if (name === undefined) return tagsOf?.(resource.arn) ?? {};
  const found = metadata.resolve(name.accountId, name.functionName, undefined);
  return found.kind === 'found' ? found.function.tags : {};
}
