/** PublishVersion and ListVersionsByFunction. */
import { latestVersion, publishedVersionsPrefix, versionKey, type VersionRecord } from '#metadata';
import { addRecord, replaceRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter, notServed } from './answers.ts';
import type { Context } from './context.ts';
import { withHeldImage } from './held-image.ts';
import { beforeFirst, page } from './pages.ts';
import { functionConfiguration, listedConfiguration } from './representation.ts';
import { number, text, unqualifiedTarget } from './request.ts';
import { requireUpdatable } from './updates.ts';
import { isPublishedAs, published } from './version-records.ts';

export function versionHandlers(context: Context): Handlers {
  return {
    PublishVersion: (input, request) => publishVersion(context, input, request),
    ListVersionsByFunction: (input, request) => listVersions(context, input, request),
  };
}

async function publishVersion(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store } = context;
  const name = unqualifiedTarget(input, request, context.region, 'PublishVersion');
  if (text(input, 'PublishTo') !== undefined) throw notServed('PublishTo');
  const version = await store.change(name, async () => {
    const record = await store.getFunction(name);
    const latest = await store.getVersion(name, latestVersion);
    requireUpdatable(latest.value, name, text(input, 'RevisionId'));
    requireCode(latest.value, text(input, 'CodeSha256'));
    const { lastVersion } = record.value;
    const last = lastVersion > 0 ? await store.findVersion(name, String(lastVersion)) : undefined;
    if (last && isPublishedAs(last.value, latest.value)) return { writes: [], result: last.value };
    const next = await withHeldImage(
      context,
      published(latest.value, record.value, text(input, 'Description'), context),
    );
    return {
      writes: [
        replaceRecord(record, { ...record.value, lastVersion: lastVersion + 1 }),
        // Held, not changed: what is published is $LATEST as it is at this moment.
        replaceRecord(latest, latest.value),
        addRecord(versionKey(name, next.version), next),
      ],
      result: next,
    };
  });
  if (version.state === 'Pending') {
    context.settling.settle(versionKey(name, version.version), version.configuration.packageType);
  }
  return functionConfiguration(context, version, version.version);
}

/** Throws unless the code is the one that the client means. */
function requireCode(latest: VersionRecord, expected: string | undefined): void {
  const { sha256 } = latest.configuration.code;
  if (!expected || expected === sha256) return;
  throw invalidParameter(
    `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${sha256}). Please try again with the CodeSHA256 in $LATEST.`,
  );
}

/** $LATEST first, then the published versions in order of their numbers. */
async function listVersions(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store } = context;
  const name = unqualifiedTarget(input, request, context.region, 'ListVersionsByFunction');
  const isFirst = !text(input, 'Marker');
  const versions: Output[] = [];
  let rest: Input = input;
  await store.getFunction(name);
  if (isFirst) {
    const latest = await store.getVersion(name, latestVersion);
    versions.push(listedConfiguration(context, latest.value, latestVersion));
    const asked = number(input, 'MaxItems');
    if (asked === 1) return { Versions: versions, NextMarker: beforeFirst };
    if (asked !== undefined) rest = { ...input, MaxItems: asked - 1 };
  }
  const { items, nextMarker } = await page(
    store.documents,
    publishedVersionsPrefix(name),
    rest,
    (value) => listedConfiguration(context, value as VersionRecord, (value as VersionRecord).version),
    isFirst ? 1 : 0,
  );
  return { Versions: [...versions, ...items], NextMarker: nextMarker };
}
