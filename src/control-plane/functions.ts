/** CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions. */
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
import { addRecord, type Stored } from '#platform';
import { constraintError, type Handlers, type Input, type Output, type RequestContext } from '#wire';
import { functionExists, functionNotFound, imagesUnsigned } from './answers.ts';
import { checkSigned } from './code-signing-check.ts';
import { attachConfig } from './code-signing-store.ts';
import { fetchArchive, requireRoom, takeArchive } from './code-source.ts';
import { type Settings, settingsOf, sourceKeyAfter } from './configuration.ts';
import type { Context } from './context.ts';
import { imageShown, takeImage } from './function-image.ts';
import { requireUnpackedRoom } from './function-layers.ts';
import { referenceOf } from './image-keeper.ts';
import { downloadLinkSeconds, functionNameCharsMax } from './limits.ts';
import { page } from './pages.ts';
import { createdConfiguration, functionConfiguration, listedConfiguration } from './representation.ts';
import { flag, required, structure, type Target, targetOf, text, unqualifiedTarget } from './request.ts';
import { checkTags } from './tag-set.ts';
import { firstLatest, published } from './version-records.ts';

export function functionHandlers(context: Context): Handlers {
  return {
    CreateFunction: (input, request) => createFunction(context, input, request),
    GetFunction: (input, request) => getFunction(context, input, request),
    GetFunctionConfiguration: async (input, request) => {
      const target = targetOf(input, request, context.region, 'GetFunctionConfiguration');
      return functionConfiguration(context, (await resolve(context, target)).value, target.qualifier);
    },
    ListFunctions: (input, request) => listFunctions(context, input, request),
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
  const settings = await settingsOf(context, name, input, request);
  if (await store.findFunction(name)) throw functionExists(name);
  const source = structure(input, 'Code') ?? {};
  const kept = sourceKeyAfter(settings.kept, source);
  const codeSigningConfigArn = text(input, 'CodeSigningConfigArn') || undefined;
  const taken = await take(context, name, settings, source, codeSigningConfigArn);
  const record: FunctionRecord = {
    accountId: name.accountId,
    region: name.region,
    functionName: name.functionName,
    functionId: entropy.uuid(),
    lastVersion: flag(input, 'Publish') ? 1 : 0,
    tags,
  };
  const latest = firstLatest(name, { ...settings, ...taken, kept }, context);
  const version = flag(input, 'Publish')
    ? published(latest, { ...record, lastVersion: 0 }, undefined, context)
    : undefined;
  await store.change(name, async () => {
    // Somebody may have created it while the archive was stored.
    if (await store.findFunction(name)) throw functionExists(name);
    return {
      writes: [
        addRecord(functionKey(name), record),
        addRecord(versionKey(name, latestVersion), latest),
        ...(version ? [addRecord(versionKey(name, version.version), version)] : []),
        ...(codeSigningConfigArn === undefined
          ? []
          : await attachConfig(store.documents, name, codeSigningConfigArn)),
      ],
      result: undefined,
    };
  });
  const { packageType } = settings;
  settling.settle(versionKey(name, latestVersion), packageType);
  if (version) settling.settle(versionKey(name, version.version), packageType);
  return createdConfiguration(context, version ?? latest);
}

/** The code of a new function: an archive that is stored, or an image that is resolved. Throws a WireError. */
async function take(
  context: Context,
  name: FunctionName,
  { packageType, architecture, layers }: Settings,
  source: Input,
  codeSigningConfigArn: string | undefined,
): Promise<Pick<Configuration, 'code' | 'image'>> {
  if (packageType === 'Image') {
    if (codeSigningConfigArn !== undefined) throw imagesUnsigned();
    const key = versionKey(name, latestVersion);
    return takeImage(context, source, architecture, referenceOf(key, context.entropy.uuid()));
  }
  const archive = await fetchArchive(context, source);
  requireRoom(context, name.accountId, archive.byteLength);
  const taken = await takeArchive(archive, context.code, 'store');
  requireUnpackedRoom(taken, layers);
  const signature = await checkSigned(context, name, { codeSigningConfigArn, archive, layers });
  return { code: { ...taken, ...signature } };
}

async function getFunction(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const target = targetOf(input, request, context.region, 'GetFunction');
  const [record, version] = await Promise.all([
    context.store.getFunction(target.name, target.qualifier),
    resolve(context, target),
  ]);
  const { tags, reservedConcurrency } = record.value;
  return {
    Configuration: functionConfiguration(context, version.value, target.qualifier),
    Code: codeShown(context, version.value.configuration, request),
    Tags: Object.keys(tags).length > 0 ? tags : undefined,
    Concurrency:
      reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: reservedConcurrency },
  };
}

function codeShown(context: Context, { code, image, kept }: Configuration, request: RequestContext): Output {
  if (image !== undefined) return imageShown(image);
  const link = context.makeLink(archivePath(code), downloadLinkSeconds);
  return {
    RepositoryType: 'S3',
    Location: new URL(link, request.endpoint).href,
    SourceKMSKeyArn: kept['SourceKMSKeyArn'],
  };
}

async function listFunctions(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const place = { accountId: request.principal.accountId, region: context.region };
  const everyVersion = text(input, 'FunctionVersion') === 'ALL';
  const masterRegion = text(input, 'MasterRegion');
  // Nothing is replicated from another region.
  if (masterRegion !== undefined && masterRegion !== 'ALL' && masterRegion !== context.region) {
    return { Functions: [] };
  }
  const prefix = everyVersion ? allVersionsPrefix(place) : latestVersionsPrefix(place);
  const { items, nextMarker } = await page(context.store.documents, prefix, input, (value) => {
    const version = value as VersionRecord;
    return listedConfiguration(context, version, everyVersion ? version.version : undefined);
  });
  return { Functions: items, NextMarker: nextMarker };
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
