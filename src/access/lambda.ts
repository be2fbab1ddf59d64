/**
 * The table: what each operation of Lambda asks permission for. An action is named like its operation unless the row says otherwise.
 * Actions, resources and condition keys as in AWS's service authorization reference for Lambda; which ARNs are evaluated without their
 * qualifier, and the tagging permission of calls that create, as AWS's own refusals show them.
 */
import type { Place } from '#metadata';
import type { Input, OperationName } from '#wire';
import { type Access, type AccessRow, type AccessRows, accessTo } from './access.ts';
import * as keys from './request-keys.ts';
import * as of from './resources.ts';

type Row = Omit<AccessRow, 'action'> & { readonly action?: `lambda:${string}` };

const functionRow: Row = { resource: of.wholeFunction };
const qualifiedRow: Row = { resource: of.qualifiedFunction };
const layerVersionRow: Row = { resource: of.layerVersion };
const listRow: Row = { resource: of.everything };
const mappingRow: Row = { resource: of.eventSourceMapping, keys: [keys.mappedFunction] };
const signingRow: Row = { resource: of.codeSigningConfig };
const capacityRow: Row = { resource: of.capacityProvider };
const executionRow: Row = { resource: of.durableExecution };
const invokeRow: Row = { action: 'lambda:InvokeFunction', resource: of.qualifiedFunction };
const urlRow: Row = { resource: of.qualifiedFunction, keys: [keys.urlFunction, keys.urlAuthType] };
const functionSigningRow: Row = { resource: of.wholeFunction, keys: [keys.codeSigning] };

const rows: Readonly<Record<OperationName, Row>> = {
  AddLayerVersionPermission: layerVersionRow,
  AddPermission: {
    resource: of.qualifiedFunction,
    keys: [keys.grantedPrincipal, keys.urlAuthType, keys.invokedViaUrl],
  },
  CheckpointDurableExecution: executionRow,
  CreateAlias: functionRow,
  CreateCapacityProvider: {
    resource: of.capacityProvider,
    keys: [keys.requestTags, keys.network],
    also: (input, place) => tagging(input, of.capacityProvider(input, place)),
  },
  CreateCodeSigningConfig: {
    resource: of.everything,
    keys: [keys.requestTags],
    also: (input, place) => tagging(input, of.own(place, 'code-signing-config:*')),
  },
  CreateEventSourceMapping: {
    resource: of.everything,
    keys: [keys.requestTags, keys.mappedFunction],
    also: (input, place) => tagging(input, of.own(place, 'event-source-mapping:*')),
  },
  CreateFunction: {
    resource: of.wholeFunction,
    keys: [keys.requestTags, keys.layersUsed, keys.network, keys.codeSigning],
    also: (input, place) => [...dependencies(input), ...tagging(input, of.wholeFunction(input, place))],
  },
  CreateFunctionUrlConfig: urlRow,
  DeleteAlias: functionRow,
  DeleteCapacityProvider: capacityRow,
  DeleteCodeSigningConfig: signingRow,
  DeleteEventSourceMapping: mappingRow,
  DeleteFunction: functionRow,
  DeleteFunctionCodeSigningConfig: functionRow,
  DeleteFunctionConcurrency: functionRow,
  DeleteFunctionEventInvokeConfig: functionRow,
  DeleteFunctionUrlConfig: urlRow,
  DeleteLayerVersion: layerVersionRow,
  DeleteProvisionedConcurrencyConfig: qualifiedRow,
  DeleteResourcePolicy: { resource: of.policedResource, keys: [keys.removedPolicy], rootAlways: true },
  GetAccountSettings: listRow,
  GetAlias: functionRow,
  GetCapacityProvider: capacityRow,
  GetCodeSigningConfig: signingRow,
  GetDurableExecution: executionRow,
  GetDurableExecutionHistory: executionRow,
  GetDurableExecutionState: executionRow,
  GetEventSourceMapping: mappingRow,
  GetFunction: functionRow,
  GetFunctionCodeSigningConfig: functionRow,
  GetFunctionConcurrency: functionRow,
  GetFunctionConfiguration: functionRow,
  GetFunctionEventInvokeConfig: functionRow,
  GetFunctionRecursionConfig: functionRow,
  GetFunctionScalingConfig: functionRow,
  GetFunctionUrlConfig: urlRow,
  GetLayerVersion: layerVersionRow,
  GetLayerVersionByArn: { action: 'lambda:GetLayerVersion', resource: of.layerVersionByArn },
  GetLayerVersionPolicy: layerVersionRow,
  GetPolicy: { resource: of.qualifiedFunction, rootAlways: true },
  GetProvisionedConcurrencyConfig: qualifiedRow,
  GetResourcePolicy: { resource: of.policedResource, rootAlways: true },
  GetRuntimeManagementConfig: functionRow,
  Invoke: invokeRow,
  InvokeAsync: functionRow,
  InvokeWithResponseStream: invokeRow,
  ListAliases: functionRow,
  ListCapacityProviders: listRow,
  ListCodeSigningConfigs: listRow,
  ListDurableExecutionsByFunction: functionRow,
  ListEventSourceMappings: listRow,
  ListFunctionEventInvokeConfigs: functionRow,
  ListFunctionUrlConfigs: functionRow,
  ListFunctionVersionsByCapacityProvider: capacityRow,
  ListFunctions: listRow,
  ListFunctionsByCodeSigningConfig: signingRow,
  ListLayerVersions: { resource: foreignLayerOrEverything },
  ListLayers: listRow,
  ListProvisionedConcurrencyConfigs: functionRow,
  ListTags: { resource: of.taggedResource },
  ListVersionsByFunction: functionRow,
  PublishLayerVersion: { resource: of.layer },
  PublishVersion: functionRow,
  PutFunctionCodeSigningConfig: {
    ...functionSigningRow,
    also: (input, place) => [
      accessTo('lambda:PutFunctionCodeSigningConfig', of.codeSigningConfig(input, place), [keys.codeSigning]),
    ],
  },
  PutFunctionConcurrency: functionRow,
  PutFunctionEventInvokeConfig: functionRow,
  PutFunctionRecursionConfig: functionRow,
  PutFunctionScalingConfig: functionRow,
  PutProvisionedConcurrencyConfig: qualifiedRow,
  PutResourcePolicy: { resource: of.policedResource, keys: [keys.grantedByPolicy], rootAlways: true },
  PutRuntimeManagementConfig: functionRow,
  RemoveLayerVersionPermission: layerVersionRow,
  RemovePermission: { resource: of.qualifiedFunction, keys: [keys.removedGrant], rootAlways: true },
  // A callback's id does not say which execution waits for it.
  SendDurableExecutionCallbackFailure: listRow,
  SendDurableExecutionCallbackHeartbeat: listRow,
  SendDurableExecutionCallbackSuccess: listRow,
  StopDurableExecution: executionRow,
  TagResource: { resource: of.taggedResource, keys: [keys.requestTags] },
  UntagResource: { resource: of.taggedResource, keys: [keys.untaggedKeys] },
  UpdateAlias: functionRow,
  UpdateCapacityProvider: capacityRow,
  UpdateCodeSigningConfig: signingRow,
  UpdateEventSourceMapping: mappingRow,
  UpdateFunctionCode: functionRow,
  UpdateFunctionConfiguration: {
    resource: of.wholeFunction,
    keys: [keys.layersUsed, keys.network],
    also: dependencies,
  },
  UpdateFunctionEventInvokeConfig: functionRow,
  UpdateFunctionUrlConfig: urlRow,
};

export const lambdaAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [operation, { action: `lambda:${operation}`, ...row }]),
);

/** What a function is given must be the caller's to give: its role, its layers, its capacity provider. */
function dependencies(input: Input): readonly Access[] {
  const needed: Access[] = [];
  const { Role: role, Layers: layers } = input;
  if (typeof role === 'string') needed.push(accessTo('iam:PassRole', of.arnOf(role), [keys.passedToLambda]));
  for (const arn of Array.isArray(layers) ? layers : []) {
    if (typeof arn === 'string') needed.push(accessTo('lambda:GetLayerVersion', of.arnOf(arn)));
  }
  const provider = capacityProviderIn(input);
  if (provider !== undefined) needed.push(accessTo('lambda:PassCapacityProvider', of.arnOf(provider)));
  return needed;
}

function capacityProviderIn(input: Input): string | undefined {
  const config = input['CapacityProviderConfig'] as
    | { readonly LambdaManagedInstancesCapacityProviderConfig?: { readonly CapacityProviderArn?: unknown } }
    | undefined;
  const arn = config?.LambdaManagedInstancesCapacityProviderConfig?.CapacityProviderArn;
  return typeof arn === 'string' ? arn : undefined;
}

/** Creating something with tags is tagging it, too. */
function tagging(input: Input, resource: of.Resource): readonly Access[] {
  const tags: unknown = input['Tags'];
  const isTagged = typeof tags === 'object' && tags !== null && Object.keys(tags).length > 0;
  return !isTagged ? [] : [accessTo('lambda:TagResource', resource, [keys.requestTags])];
}

/** Asked for everything; the layer is named only where it is another account's, which refuses. */
function foreignLayerOrEverything(input: Input, place: Place): of.Resource {
  const named = of.layer(input, place);
  return named.accountId === place.accountId ? of.everything(input, place) : named;
}
