/** UpdateFunctionCode and UpdateFunctionConfiguration: $LATEST with other code or settings. */
import {
  type Configuration,
  type Fallback,
  type FunctionName,
  latestVersion,
  layersOf,
  versionKey,
  type VersionRecord,
} from '#metadata';
import { addRecord, replaceRecord } from '#platform';
import type { Runtimes } from '#runtimes';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { notServed, revisionMismatch, stateForbids, updateInProgress } from './answers.ts';
import { checkSigned } from './code-signing-check.ts';
import { fetchArchive, requireRoom, takeArchive } from './code-source.ts';
import { architectureOf, updatedConfiguration, withCode, withImage } from './configuration.ts';
import type { Context } from './context.ts';
import { requireSamePackage, requireServed, takeImage } from './function-image.ts';
import { requireUnpackedRoom } from './function-layers.ts';
import { withHeldImage } from './held-image.ts';
import { referenceOf } from './image-keeper.ts';
import { functionConfiguration } from './representation.ts';
import { flag, list, text, unqualifiedTarget } from './request.ts';
import { isPublishedAs, published, updatedLatest } from './version-records.ts';

export function updateHandlers(context: Context): Handlers {
  return {
    UpdateFunctionCode: (input, request) => updateFunctionCode(context, input, request),
    UpdateFunctionConfiguration: (input, request) => updateFunctionConfiguration(context, input, request),
  };
}

async function updateFunctionCode(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const name = unqualifiedTarget(input, request, context.region, 'UpdateFunctionCode');
  if (text(input, 'PublishTo') !== undefined) throw notServed('PublishTo');
  architectureOf(input, context.host);
  const before = await context.store.getVersion(name, latestVersion);
  requireUpdatable(before.value, name, text(input, 'RevisionId'));
  const { packageType } = before.value.configuration;
  requireSamePackage(packageType, input);
  if (packageType === 'Image') return updateImage(context, name, input, before.value);
  const archive = await fetchArchive(context, input);
  requireRoom(context, name.accountId, archive.byteLength);
  const dryRun = flag(input, 'DryRun');
  const taken = await takeArchive(archive, context.code, dryRun ? 'check' : 'store');
  const layers = layersOf(before.value.configuration);
  const code = { ...taken, ...(await checkSigned(context, name, { archive, layers })) };
  const change = async (configuration: Configuration): Promise<Configuration> => {
    requireUnpackedRoom(code, layersOf(configuration));
    return withCode(configuration, input, code, context.host);
  };
  if (dryRun) {
    const configuration = await change(before.value.configuration);
    return functionConfiguration(context, { ...before.value, configuration });
  }
  return update(context, name, input, change);
}

/** As with an archive, what the client means is found out (and refused) before anything changes. */
async function updateImage(
  context: Context,
  name: FunctionName,
  input: Input,
  before: VersionRecord,
): Promise<Output> {
  await requireServed('Image', context);
  const architecture = architectureOf(input, context.host) ?? before.configuration.architecture;
  const reference = referenceOf(versionKey(name, latestVersion), context.entropy.uuid());
  const taken = await takeImage(context, input, architecture, reference);
  const change = async (configuration: Configuration): Promise<Configuration> => {
    // Somebody may have made a zip function of this name meanwhile.
    requireSamePackage(configuration.packageType, input);
    return withImage(configuration, input, taken, context.host);
  };
  if (!flag(input, 'DryRun')) return update(context, name, input, change);
  return functionConfiguration(context, { ...before, configuration: await change(before.configuration) });
}

async function updateFunctionConfiguration(
  context: Context,
  input: Input,
  request: RequestContext,
): Promise<Output> {
  const name = unqualifiedTarget(input, request, context.region, 'UpdateFunctionConfiguration');
  return update(context, name, input, async (before) => {
    const after = await updatedConfiguration(context, name, before, input, request);
    if (list(input, 'Layers') !== undefined) {
      requireUnpackedRoom(after.code, after.layers);
      await checkSigned(context, name, { layers: after.layers });
    }
    return after;
  });
}

interface Updated {
  readonly before: VersionRecord;
  readonly latest: VersionRecord;
  /** What the answer is about, where the request publishes. */
  readonly version: VersionRecord | undefined;
}

/** Gives $LATEST another configuration, and publishes it where the request says so and it is not what was published last. */
async function update(
  context: Context,
  name: FunctionName,
  input: Input,
  change: (before: Configuration) => Promise<Configuration>,
): Promise<Output> {
  const { store, settling, host } = context;
  const { before, latest, version } = await store.change<Updated>(name, async () => {
    const record = await store.getFunction(name);
    const before = await store.getVersion(name, latestVersion);
    requireUpdatable(before.value, name, text(input, 'RevisionId'));
    const configuration = await change(before.value.configuration);
    const worked = before.value.fallback ?? before.value;
    const serves = await fallbackServes(worked.configuration, configuration, host.runtimes);
    const latest = updatedLatest(before.value, configuration, serves, context);
    const writes = [replaceRecord(before, latest)];
    const updated = { before: before.value, latest };
    if (!flag(input, 'Publish')) return { writes, result: { ...updated, version: undefined } };
    const { lastVersion } = record.value;
    const last = lastVersion > 0 ? await store.findVersion(name, String(lastVersion)) : undefined;
    if (last && isPublishedAs(last.value, latest))
      return { writes, result: { ...updated, version: last.value } };
    const version = await withHeldImage(context, published(latest, record.value, undefined, context));
    writes.push(replaceRecord(record, { ...record.value, lastVersion: lastVersion + 1 }));
    writes.push(addRecord(versionKey(name, version.version), version));
    return { writes, result: { ...updated, version } };
  });
  const { packageType } = latest.configuration;
  context.releases.changed([before], [latest, version]);
  settling.settle(versionKey(name, latestVersion), packageType);
  if (!version) return functionConfiguration(context, latest);
  settling.settle(versionKey(name, version.version), packageType);
  return functionConfiguration(context, version, version.version);
}

/** A runtime that has to be installed, or an image that has to be stored, takes its time: until then invokes run what they ran before, as on AWS. */
async function fallbackServes(
  worked: Configuration,
  after: Configuration,
  runtimes: Runtimes,
): Promise<Fallback['serves']> {
  if (after.image !== undefined && after.image.imageId === undefined) return 'from-update';
  if (after.runtime === worked.runtime) return 'from-failure';
  return (await runtimes.availability(after.runtime)).kind === 'ready' ? 'from-failure' : 'from-update';
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
