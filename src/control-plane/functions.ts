/** CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, UpdateFunctionCode, UpdateFunctionConfiguration. */
import { archivePath } from '#code';
import {
  allVersionsPrefix,
  type Configuration,
  functionKey,
  type FunctionName,
  type FunctionRecord,
  isVersionNumber,
  latestVersion,
  latestVersionsPrefix,
  versionKey,
  type VersionRecord,
} from '#metadata';
import { constraintError, type Handlers, type Input, type Output, type RequestContext } from '#wire';
import {
  codeStorageExceeded,
  functionExists,
  functionNotFound,
  notServed,
  revisionMismatch,
  stateForbids,
  updateInProgress,
} from './answers.ts';
import { archiveOf, takeArchive } from './code-source.ts';
import { architectureOf, settingsOf, updatedConfiguration, withCode } from './configuration.ts';
import type { Context } from './context.ts';
import { add, replace, type Stored } from './function-store.ts';
import { downloadLinkSeconds, functionNameCharsMax } from './limits.ts';
import { page } from './pages.ts';
import { createdConfiguration, functionConfiguration, listedConfiguration } from './representation.ts';
import { flag, required, structure, type Target, targetOf, text, unqualifiedTarget } from './request.ts';
import { checkTags } from './tags.ts';
import { firstLatest, published, updatedLatest } from './version-records.ts';

export function functionHandlers(context: Context): Handlers {
  return {
    CreateFunction: (input, request) => createFunction(context, input, request),
    GetFunction: (input, request) => getFunction(context, input, request),
    GetFunctionConfiguration: async (input, request) => {
      const target = targetOf(input, request, context.region, 'GetFunctionConfiguration');
      return functionConfiguration((await resolve(context, target)).value, target.qualifier);
    },
    ListFunctions: (input, request) => listFunctions(context, input, request),
    UpdateFunctionCode: (input, request) => updateFunctionCode(context, input, request),
    UpdateFunctionConfiguration: (input, request) => updateFunctionConfiguration(context, input, request),
  };
}

async function createFunction(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, settling, entropy } = context;
  const name = unqualifiedTarget(input, request, context.region, 'CreateFunction');
  if (name.functionName.length > functionNameCharsMax) {
    throw constraintError(
      'functionName',
      required(input, 'FunctionName'),
      `Member must have length less than or equal to ${functionNameCharsMax}`,
    );
  }
  const tags = checkTags({}, structure(input, 'Tags') ?? {});
  const settings = await settingsOf(input, name.functionName, context.host);
  if (await store.findFunction(name)) throw functionExists(name);
  const archive = archiveOf(structure(input, 'Code') ?? {});
  requireRoom(context, name.accountId, archive.byteLength);
  const code = await takeArchive(archive, context.code, 'store');

  const record: FunctionRecord = {
    accountId: name.accountId,
    region: name.region,
    functionName: name.functionName,
    functionId: entropy.uuid(),
    lastVersion: flag(input, 'Publish') ? 1 : 0,
    tags,
  };
  const latest = firstLatest(name, { ...settings, code }, context);
  const version = flag(input, 'Publish')
    ? published(latest, { ...record, lastVersion: 0 }, undefined, context)
    : undefined;
  await store.change(name, async () => {
    // Somebody may have created it while the archive was stored.
    if (await store.findFunction(name)) throw functionExists(name);
    return {
      writes: [
        add(functionKey(name), record),
        add(versionKey(name, latestVersion), latest),
        ...(version ? [add(versionKey(name, version.version), version)] : []),
      ],
      result: undefined,
    };
  });
  settling.settle(versionKey(name, latestVersion));
  if (version) settling.settle(versionKey(name, version.version));
  return createdConfiguration(version ?? latest);
}

async function getFunction(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const target = targetOf(input, request, context.region, 'GetFunction');
  const [record, version] = await Promise.all([
    context.store.getFunction(target.name, target.qualifier),
    resolve(context, target),
  ]);
  const { tags, reservedConcurrency } = record.value;
  const link = context.makeLink(archivePath(version.value.configuration.code), downloadLinkSeconds);
  return {
    Configuration: functionConfiguration(version.value, target.qualifier),
    Code: { RepositoryType: 'S3', Location: new URL(link, request.endpoint).href },
    Tags: Object.keys(tags).length > 0 ? tags : undefined,
    Concurrency:
      reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: reservedConcurrency },
  };
}

async function listFunctions(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const place = { accountId: request.principal.accountId, region: context.region };
  const everyVersion = text(input, 'FunctionVersion') === 'ALL';
  const prefix = everyVersion ? allVersionsPrefix(place) : latestVersionsPrefix(place);
  const { items, nextMarker } = await page(context.store.documents, prefix, input, (value) => {
    const version = value as VersionRecord;
    return listedConfiguration(version, everyVersion ? version.version : undefined);
  });
  return { Functions: items, NextMarker: nextMarker };
}

async function updateFunctionCode(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const name = unqualifiedTarget(input, request, context.region, 'UpdateFunctionCode');
  if (text(input, 'PublishTo') !== undefined) throw notServed('PublishTo');
  architectureOf(input, context.host);
  const before = await context.store.getVersion(name, latestVersion);
  requireUpdatable(before.value, name, text(input, 'RevisionId'));
  const archive = archiveOf(input);
  requireRoom(context, name.accountId, archive.byteLength);
  const dryRun = flag(input, 'DryRun');
  const code = await takeArchive(archive, context.code, dryRun ? 'check' : 'store');
  const change = async (configuration: Configuration): Promise<Configuration> =>
    withCode(configuration, input, code, context.host);
  if (dryRun) {
    return functionConfiguration({
      ...before.value,
      configuration: await change(before.value.configuration),
    });
  }
  return update(context, name, input, change);
}

async function updateFunctionConfiguration(
  context: Context,
  input: Input,
  request: RequestContext,
): Promise<Output> {
  const name = unqualifiedTarget(input, request, context.region, 'UpdateFunctionConfiguration');
  return update(context, name, input, (before) => updatedConfiguration(before, input, context.host));
}

/** Gives $LATEST another configuration, and publishes it where the request says so. */
async function update(
  context: Context,
  name: FunctionName,
  input: Input,
  change: (before: Configuration) => Promise<Configuration>,
): Promise<Output> {
  const { store, settling } = context;
  const { latest, version } = await store.change(name, async () => {
    const record = await store.getFunction(name);
    const before = await store.getVersion(name, latestVersion);
    requireUpdatable(before.value, name, text(input, 'RevisionId'));
    const latest = updatedLatest(before.value, await change(before.value.configuration), context);
    const writes = [replace(before, latest)];
    let version: VersionRecord | undefined;
    if (flag(input, 'Publish')) {
      version = published(latest, record.value, undefined, context);
      writes.push(replace(record, { ...record.value, lastVersion: Number(version.version) }));
      writes.push(add(versionKey(name, version.version), version));
    }
    return { writes, result: { latest, version } };
  });
  settling.settle(versionKey(name, latestVersion));
  if (!version) return functionConfiguration(latest);
  settling.settle(versionKey(name, version.version));
  return functionConfiguration(version, version.version);
}

/** Throws unless nothing else is being done to $LATEST, and it is the one that the client has seen. */
export function requireUpdatable(
  latest: VersionRecord,
  name: FunctionName,
  revisionId: string | undefined,
): void {
  if (revisionId !== undefined && revisionId !== latest.revisionId) throw revisionMismatch();
  if (latest.state === 'Pending') throw stateForbids(latest.state);
  if (latest.lastUpdateStatus === 'InProgress') throw updateInProgress(name);
}

/** The version that a version number, an alias or nothing means. An alias with weights means its main version here. */
export async function resolve(
  { store }: Context,
  { name, qualifier }: Target,
): Promise<Stored<VersionRecord>> {
  const alias =
    qualifier === undefined || qualifier === latestVersion || isVersionNumber(qualifier)
      ? undefined
      : await store.findAlias(name, qualifier);
  const wanted = alias?.value.version ?? qualifier ?? latestVersion;
  const known = wanted === latestVersion || isVersionNumber(wanted);
  const version = known ? await store.findVersion(name, wanted) : undefined;
  if (!version) throw functionNotFound(name, qualifier);
  // Who reads here that a function is active, and then invokes it, must find it active there too.
  await store.reached(version.revision);
  return version;
}

function requireRoom({ limits, usage }: Context, accountId: string, archiveBytes: number): void {
  if (usage(accountId).codeSizeBytes + archiveBytes > limits.codeStorageBytesMax) throw codeStorageExceeded();
}
