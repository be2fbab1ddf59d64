/** CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias. */
import {
  aliasesPrefix,
  aliasKey,
  type AliasRecord,
  functionArn,
  type FunctionName,
  isVersionNumber,
  latestVersion,
} from '#metadata';
import { addRecord, holdRecord, removeRecord, replaceRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import {
  aliasNotFound,
  conflict,
  functionNotFound,
  invalidParameter,
  notServed,
  revisionMismatch,
} from './answers.ts';
import { detach } from './attachments.ts';
import type { Context } from './context.ts';
import { additionalVersionsMax } from './limits.ts';
import { page } from './pages.ts';
import { releaseProvisioned, requireProvisionable } from './provisioned.ts';
import { aliasConfiguration } from './representation.ts';
import { required, structure, text, unqualifiedTarget } from './request.ts';

export function aliasHandlers(context: Context): Handlers {
  return {
    CreateAlias: (input, request) => createAlias(context, input, request),
    GetAlias: async (input, request) => {
      const name = unqualifiedTarget(input, request, context.region, 'GetAlias');
      const alias = await context.store.findAlias(name, required(input, 'Name'));
      if (!alias) throw aliasNotFound(name, required(input, 'Name'));
      return aliasConfiguration(alias.value);
    },
    ListAliases: (input, request) => listAliases(context, input, request),
    UpdateAlias: (input, request) => updateAlias(context, input, request),
    DeleteAlias: (input, request) => deleteAlias(context, input, request),
  };
}

async function createAlias(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, entropy } = context;
  const name = unqualifiedTarget(input, request, context.region, 'CreateAlias');
  const alias: AliasRecord = {
    ...name,
    name: required(input, 'Name'),
    version: required(input, 'FunctionVersion'),
    description: text(input, 'Description') ?? '',
    additionalWeights: weightsOf(input) ?? {},
    revisionId: entropy.uuid(),
  };
  await store.change(name, async () => {
    const record = await store.getFunction(name);
    if (await store.findAlias(name, alias.name)) {
      throw conflict(`Alias already exists: ${functionArn(name, alias.name)}`);
    }
    await requireTargets(context, name, alias);
    return { writes: [holdRecord(record), addRecord(aliasKey(name, alias.name), alias)], result: undefined };
  });
  return aliasConfiguration(alias);
}

async function updateAlias(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, entropy } = context;
  const name = unqualifiedTarget(input, request, context.region, 'UpdateAlias');
  const alias = await store.change(name, async () => {
    const record = await store.getFunction(name);
    const before = await store.findAlias(name, required(input, 'Name'));
    if (!before) throw aliasNotFound(name, required(input, 'Name'));
    const revisionId = text(input, 'RevisionId');
    if (revisionId !== undefined && revisionId !== before.value.revisionId) throw revisionMismatch();
    const after: AliasRecord = {
      ...before.value,
      version: text(input, 'FunctionVersion') ?? before.value.version,
      description: text(input, 'Description') ?? before.value.description,
      additionalWeights: weightsOf(input) ?? before.value.additionalWeights,
      revisionId: entropy.uuid(),
    };
    await requireTargets(context, name, after);
    await requireProvisionable(store, after);
    return { writes: [holdRecord(record), replaceRecord(before, after)], result: after };
  });
  return aliasConfiguration(alias);
}

async function deleteAlias(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store } = context;
  const name = unqualifiedTarget(input, request, context.region, 'DeleteAlias');
  const aliasName = required(input, 'Name');
  await store.change(name, async () => {
    const record = await store.getFunction(name);
    const alias = await store.findAlias(name, aliasName);
    if (!alias) return { writes: [], result: undefined }; // gone already: as asked
    const attached = [
      ...(await detach(store, name, aliasName)),
      ...(await releaseProvisioned(context, name, aliasName)),
    ];
    return { writes: [holdRecord(record), removeRecord(alias), ...attached], result: undefined };
  });
  return {};
}

async function listAliases(
  { store, region }: Context,
  input: Input,
  request: RequestContext,
): Promise<Output> {
  const name = unqualifiedTarget(input, request, region, 'ListAliases');
  const version = text(input, 'FunctionVersion');
  await store.getFunction(name);
  const { items, nextMarker } = await page(store.documents, aliasesPrefix(name), input, (value) => {
    const alias = value as AliasRecord;
    const matches =
      version === undefined || alias.version === version || Object.hasOwn(alias.additionalWeights, version);
    return matches ? aliasConfiguration(alias) : undefined;
  });
  return { Aliases: items, NextMarker: nextMarker };
}

/** undefined: the request does not touch the routing. */
function weightsOf(input: Input): Readonly<Record<string, number>> | undefined {
  const routing = structure(input, 'RoutingConfig');
  if (!routing) return undefined;
  return (structure(routing, 'AdditionalVersionWeights') ?? {}) as Readonly<Record<string, number>>;
}

/** Throws unless all versions that the alias names exist and may be combined like this. */
async function requireTargets({ store }: Context, name: FunctionName, alias: AliasRecord): Promise<void> {
  const additional = Object.keys(alias.additionalWeights);
  if (alias.version === '$LATEST.PUBLISHED') throw notServed('$LATEST.PUBLISHED');
  if (additional.length > additionalVersionsMax) {
    throw invalidParameter(
      `Number of items in AdditionalVersionWeights cannot be greater than ${additionalVersionsMax}`,
    );
  }
  if (additional.length > 0 && alias.version === latestVersion) {
    throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version');
  }
  if (additional.includes(alias.version)) {
    throw invalidParameter(
      `Invalid function version ${alias.version}. Function version ${alias.version} is already included in routing configuration.`,
    );
  }
  for (const version of [alias.version, ...additional]) {
    const canBe = version === latestVersion || isVersionNumber(version);
    if (!canBe || !(await store.findVersion(name, version))) throw functionNotFound(name, version);
  }
}
