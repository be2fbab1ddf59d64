/** AddLayerVersionPermission, GetLayerVersionPolicy, RemoveLayerVersionPermission: who else may use a version of a layer. */
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import {
  layerPolicyTooLong,
  layerRevisionMismatch,
  layerStatementExists,
  layerStatementNotFound,
  layerVersionMissing,
  noLayerPolicy,
} from './layer-answers.ts';
import { type LayerVersionName, layerVersionArn } from './layer-arn.ts';
import type { LayerPolicy, LayerStatement } from './layer-records.ts';
import { numbered, ownLayerOf } from './layer-request.ts';
import { layerPolicyBytesMax } from './limits.ts';
import { required, text } from './request.ts';

export function layerPolicyHandlers(context: Context): Handlers {
  const target = (input: Input, request: RequestContext, operation: string): LayerVersionName =>
    numbered(ownLayerOf(input, request, context.region, operation), input);
  return {
    AddLayerVersionPermission: (input, request) =>
      addPermission(context, target(input, request, 'AddLayerVersionPermission'), input),
    GetLayerVersionPolicy: async (input, request) => {
      const name = target(input, request, 'GetLayerVersionPolicy');
      const version = await context.layers.findVersion(name);
      if (!version) throw layerVersionMissing(name);
      if (!version.policy) throw noLayerPolicy();
      return { Policy: policyText(name, version.policy.statements), RevisionId: version.policy.revisionId };
    },
    RemoveLayerVersionPermission: (input, request) =>
      removePermission(context, target(input, request, 'RemoveLayerVersionPermission'), input),
  };
}

/** Whether the policy lets another account use the layer. Lambkin has no organizations: statements for one grant nothing. */
export function layerGrants(policy: LayerPolicy | undefined, accountId: string): boolean {
  const root = accountRoot(accountId);
  return (policy?.statements ?? []).some(
    ({ principal, organizationId }) =>
      organizationId === undefined && (principal === '*' || principal === root),
  );
}

async function addPermission(context: Context, name: LayerVersionName, input: Input): Promise<Output> {
  const added = statementOf(input);
  const { layers, entropy } = context;
  const policy = await layers.change(name, async (records) => {
    const version = await records.version(name.version);
    if (!version) throw layerVersionMissing(name);
    const statements = version.policy?.statements ?? [];
    if (statements.some(({ statementId }) => statementId === added.statementId)) {
      throw layerStatementExists(added.statementId);
    }
    requireRevision(version.policy, input);
    const policy: LayerPolicy = { statements: [...statements, added], revisionId: entropy.uuid() };
    const policyBytes = Buffer.byteLength(policyText(name, policy.statements));
    if (policyBytes > layerPolicyBytesMax) throw layerPolicyTooLong(policyBytes, layerPolicyBytesMax);
    return { version: { name, to: { ...version, policy } }, result: policy };
  });
  return { Statement: JSON.stringify(statementJson(name, added)), RevisionId: policy.revisionId };
}

async function removePermission(context: Context, name: LayerVersionName, input: Input): Promise<Output> {
  const gone = required(input, 'StatementId');
  await context.layers.change(name, async (records) => {
    const found = await records.version(name.version);
    if (!found) throw layerVersionMissing(name);
    const { policy, ...version } = found;
    if (!policy) throw noLayerPolicy();
    requireRevision(policy, input);
    const statements = policy.statements.filter(({ statementId }) => statementId !== gone);
    if (statements.length === policy.statements.length) throw layerStatementNotFound(gone);
    // Without its last statement there is no policy any more.
    const rest = statements.length > 0 && { policy: { statements, revisionId: context.entropy.uuid() } };
    return { version: { name, to: { ...version, ...rest } }, result: undefined };
  });
  return {};
}

function statementOf(input: Input): LayerStatement {
  const principal = required(input, 'Principal');
  const organizationId = text(input, 'OrganizationId');
  if (organizationId !== undefined && principal !== '*') {
    throw invalidParameter('Principal must be * when an OrganizationId is given.');
  }
  return {
    statementId: required(input, 'StatementId'),
    action: required(input, 'Action'),
    principal: /^\d{12}$/.test(principal) ? accountRoot(principal) : principal,
    ...(organizationId !== undefined && { organizationId }),
  };
}

function requireRevision(policy: LayerPolicy | undefined, input: Input): void {
  const revisionId = text(input, 'RevisionId');
  if (revisionId !== undefined && revisionId !== policy?.revisionId) throw layerRevisionMismatch();
}

const accountRoot = (accountId: string): string => `arn:aws:iam::${accountId}:root`;

function policyText(name: LayerVersionName, statements: readonly LayerStatement[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'default',
    Statement: statements.map((statement) => statementJson(name, statement)),
  });
}

function statementJson(name: LayerVersionName, statement: LayerStatement): Readonly<Record<string, unknown>> {
  const { statementId, action, principal, organizationId } = statement;
  return {
    Sid: statementId,
    Effect: 'Allow',
    Principal: principal,
    Action: action,
    Resource: layerVersionArn(name),
    ...(organizationId !== undefined && {
      Condition: { StringEquals: { 'aws:PrincipalOrgID': organizationId } },
    }),
  };
}
