/**
 * What permission each operation of IAM needs: `iam:<Operation>` on the user, role or policy that the request names, and `*` where it names
 * none; with the condition keys that the request and the resource have.
 */
import { type AccessQuestion, arnOf, denialMessage, type Entity, type Tag } from '#identity';
import { type Authorize, type Input, type RequestContext, WireError } from '#wire';
import type { IamContext } from './context.ts';
import { findPolicy } from './managed-policies.ts';
import { tagsIn, text, texts } from './request.ts';
import { requestConditions } from './request-conditions.ts';

interface Resource {
  readonly arn: string;
  readonly tags: readonly Tag[];
  readonly boundary?: string | undefined;
}

const anything: Resource = { arn: '*', tags: [] };

/** Operations on the account as a whole, or on whatever there is. */
const onAccount: ReadonlySet<string> = new Set([
  'GetAccountSummary',
  'ListAccountAliases',
  'ListPolicies',
  'ListRoles',
  'ListUsers',
  'ListVirtualMFADevices',
]);

export function iamAuthorize(context: IamContext): Authorize {
  return (operation, input, request) => {
    refuseSession(request);
    const resource = resourceOf(context, operation, input, request);
    const action = `iam:${operation}`;
    ask(context, action, input, request, resource);
    // Who renames or moves a user must be allowed to at both places.
    if (operation === 'UpdateUser') ask(context, action, input, request, renamed(resource, input));
  };
}

/** GetCallerIdentity and GetSessionToken need no permission; AssumeRole asks for its own, with the role's trust policy. */
export function stsAuthorize(context: IamContext): Authorize {
  return (operation, input, request) => {
    if (operation === 'GetAccessKeyInfo') ask(context, `sts:${operation}`, input, request, anything);
  };
}

function ask(
  context: IamContext,
  action: string,
  input: Input,
  request: RequestContext,
  resource: Resource,
): void {
  const question: AccessQuestion = {
    principal: request.principal,
    action,
    resource: resource.arn,
    conditions: () => conditionsOf(context, input, request, resource),
  };
  const decision = context.authorizer.decide(question);
  if (decision.kind === 'denied') {
    throw new WireError('AccessDeniedException', denialMessage(question, decision.because));
  }
}

function renamed(user: Resource, input: Input): Resource {
  const [start = '', resource = ''] = user.arn.split(':user', 2);
  const end = resource.lastIndexOf('/') + 1;
  const path = text(input, 'NewPath') ?? resource.slice(0, end);
  return { ...user, arn: `${start}:user${path}${text(input, 'NewUserName') ?? resource.slice(end)}` };
}

/** Credentials of GetSessionToken, which were got without a second factor, are not taken by IAM. */
function refuseSession({ principal }: RequestContext): void {
  if (principal.kind === 'assumed-role' || principal.tokenIssuedAtMs === undefined) return;
  throw new WireError('UnrecognizedClientException', 'The security token included in the request is invalid');
}

function resourceOf(context: IamContext, operation: string, input: Input, request: RequestContext): Resource {
  const { accountId, directory } = context.account;
  if (onAccount.has(operation)) return anything;
  const arn = text(input, 'PolicySourceArn');
  if (arn !== undefined) return { arn, tags: [] };
  const roleName = text(input, 'RoleName');
  if (roleName !== undefined) {
    return entityResource(accountId, 'roles', roleName, text(input, 'Path'), directory.view.role(roleName));
  }
  const key = operation === 'GetAccessKeyLastUsed' ? text(input, 'AccessKeyId') : undefined;
  const userName =
    text(input, 'UserName') ??
    (key === undefined ? request.principal.userName : directory.view.accessKey(key)?.user.name);
  const policyArn = text(input, 'PolicyArn');
  const ofUser = text(input, 'UserName') !== undefined;
  if (policyArn !== undefined && !ofUser) {
    return { arn: policyArn, tags: findPolicy(context, policyArn)?.tags ?? [] };
  }
  const policyName = text(input, 'PolicyName');
  if (policyName !== undefined && !ofUser) {
    return {
      arn: arnOf(accountId, 'policies', { name: policyName, path: text(input, 'Path') ?? '/' }),
      tags: [],
    };
  }
  if (userName === undefined) return anything;
  return entityResource(accountId, 'users', userName, text(input, 'Path'), directory.view.user(userName));
}

/** By the ARN that it has, or that it would get. */
function entityResource(
  accountId: string,
  collection: 'users' | 'roles',
  name: string,
  path: string | undefined,
  entity: Entity | undefined,
): Resource {
  const arn = arnOf(accountId, collection, entity ?? { name, path: path ?? '/' });
  return { arn, tags: entity?.tags ?? [], boundary: entity?.boundary };
}

function conditionsOf(
  context: IamContext,
  input: Input,
  request: RequestContext,
  { tags, boundary }: Resource,
): ReadonlyMap<string, string | readonly string[]> {
  const values = requestConditions(context, request);
  for (const { key, value } of tags) {
    values.set(`aws:resourcetag/${key.toLowerCase()}`, value);
    values.set(`iam:resourcetag/${key.toLowerCase()}`, value);
  }
  const given = tagsIn(input);
  for (const { key, value } of given) values.set(`aws:requesttag/${key.toLowerCase()}`, value);
  const keys = [...given.map(({ key }) => key), ...texts(input, 'TagKeys')];
  if (keys.length > 0) values.set('aws:tagkeys', keys);
  const policyArn = text(input, 'PolicyArn');
  if (policyArn !== undefined) values.set('iam:policyarn', policyArn);
  const bounding = text(input, 'PermissionsBoundary') ?? boundary;
  if (bounding !== undefined) values.set('iam:permissionsboundary', bounding);
  return values;
}
