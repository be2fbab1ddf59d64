/** PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions, DeleteLayerVersion. */
import { archivePath, type StoreOutcome } from '#code';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import { layerSignature } from './code-signing-check.ts';
import { fetchArchive, requireRoom } from './code-source.ts';
import type { Context } from './context.ts';
import { layerForbidden, layerVersionNotFound } from './layer-answers.ts';
import {
  layerArn,
  type LayerName,
  layerVersionArn,
  type LayerVersionName,
  parseLayerVersionArn,
} from './layer-arn.ts';
import { layerGrants } from './layer-policies.ts';
import {
  layersPrefix,
  type LayerRecord,
  layerVersionsPrefix,
  type LayerVersionRecord,
} from './layer-records.ts';
import { layerOf, numbered, ownLayerOf } from './layer-request.ts';
import { downloadLinkSeconds } from './limits.ts';
import { page } from './pages.ts';
import { lastModified } from './representation.ts';
import { list, required, structure, text } from './request.ts';

export function layerHandlers(context: Context): Handlers {
  const { layers, region } = context;
  return {
    PublishLayerVersion: (input, request) => publishLayerVersion(context, input, request),
    GetLayerVersion: (input, request) =>
      getLayerVersion(context, numbered(layerOf(input, request, region), input), request),
    GetLayerVersionByArn: (input, request) => {
      const name = parseLayerVersionArn(required(input, 'Arn'));
      if (!name || name.region !== region) throw layerVersionNotFound();
      return getLayerVersion(context, name, request);
    },
    ListLayers: (input, request) => listLayers(context, input, request),
    ListLayerVersions: (input, request) => listLayerVersions(context, input, request),
    DeleteLayerVersion: async (input, request) => {
      const name = numbered(ownLayerOf(input, request, region, 'DeleteLayerVersion'), input);
      await layers.change(name, async ({ version }) => {
        // Gone already: as asked. Functions that use it hold all they need of it.
        const found = await version(name.version);
        return { ...(found && { version: { name, to: undefined } }), result: undefined };
      });
      return {};
    },
  };
}

async function publishLayerVersion(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { layers, region, clock, code } = context;
  const name = ownLayerOf(input, request, region, 'PublishLayerVersion');
  const archive = await fetchArchive(context, structure(input, 'Content') ?? {});
  requireRoom(context, name.accountId, archive.byteLength);
  const stored: StoreOutcome = await code.store(archive);
  if (stored.kind === 'refused') throw invalidParameter(stored.message);
  const signature = await layerSignature(context, archive);
  const licenseInfo = text(input, 'LicenseInfo');
  const compatibleRuntimes = texts(input, 'CompatibleRuntimes');
  const compatibleArchitectures = texts(input, 'CompatibleArchitectures');
  const version = await layers.change(name, async ({ layer }) => {
    const number = (layer?.lastVersion ?? 0) + 1;
    const record: LayerVersionRecord = {
      ...name,
      version: number,
      code: { ...stored.code, ...signature },
      unpackedBytes: stored.unpackedBytes,
      description: text(input, 'Description') ?? '',
      ...(licenseInfo !== undefined && { licenseInfo }),
      ...(compatibleRuntimes && { compatibleRuntimes }),
      ...(compatibleArchitectures && { compatibleArchitectures }),
      createdMs: clock.wallMs(),
    };
    return {
      layer: { ...name, lastVersion: number },
      version: { name: { ...name, version: number }, to: record },
      result: record,
    };
  });
  return layerVersion(context, version, request);
}

async function getLayerVersion(
  context: Context,
  name: LayerVersionName,
  request: RequestContext,
): Promise<Output> {
  const version = await context.layers.findVersion(name);
  const own = name.accountId === request.principal.accountId;
  // Of another account's layers, also those that are not there are hidden.
  if (!own && !(version && layerGrants(version.policy, request.principal.accountId))) {
    throw layerForbidden(request, 'GetLayerVersion', layerVersionArn(name));
  }
  if (!version) throw layerVersionNotFound();
  return layerVersion(context, version, request);
}

/** A page may hold fewer layers than asked for: those whose versions were all deleted, or do not match, are left out of it. */
async function listLayers(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { layers, store, region } = context;
  const place = { accountId: request.principal.accountId, region };
  const matches = filterOf(input);
  const { items, nextMarker } = await page(
    store.documents,
    layersPrefix(place),
    input,
    (value) => value as LayerRecord,
  );
  const listed = await Promise.all(
    items.map(async (layer) => {
      const latest = await layers.newest(layer, matches);
      return (
        latest && {
          LayerName: layer.layerName,
          LayerArn: layerArn(layer),
          LatestMatchingVersion: listedVersion(latest),
        }
      );
    }),
  );
  return { Layers: listed.filter((layer) => layer !== undefined), NextMarker: nextMarker };
}

async function listLayerVersions(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const name: LayerName = ownLayerOf(input, request, context.region, 'ListLayerVersions');
  const matches = filterOf(input);
  const { items, nextMarker } = await page(
    context.store.documents,
    layerVersionsPrefix(name),
    input,
    (value) => {
      const version = value as LayerVersionRecord;
      return matches(version) ? listedVersion(version) : undefined;
    },
  );
  return { LayerVersions: items, NextMarker: nextMarker };
}

/** A version that names no runtimes (or architectures) matches no filter for one. */
function filterOf(input: Input): (version: LayerVersionRecord) => boolean {
  const runtime = text(input, 'CompatibleRuntime');
  const architecture = text(input, 'CompatibleArchitecture');
  return ({ compatibleRuntimes = [], compatibleArchitectures = [] }) =>
    (runtime === undefined || compatibleRuntimes.includes(runtime)) &&
    (architecture === undefined || compatibleArchitectures.includes(architecture));
}

/** A version with its content, as publishing and getting show it. */
function layerVersion(context: Context, version: LayerVersionRecord, request: RequestContext): Output {
  const link = context.makeLink(archivePath(version.code), downloadLinkSeconds);
  return {
    ...listedVersion(version),
    LayerArn: layerArn(version),
    Content: {
      Location: new URL(link, request.endpoint).href,
      CodeSha256: version.code.sha256,
      CodeSize: version.code.sizeBytes,
      SigningProfileVersionArn: version.code.signingProfileVersionArn,
      SigningJobArn: version.code.signingJobArn,
    },
  };
}

function listedVersion(version: LayerVersionRecord): Output {
  return {
    LayerVersionArn: layerVersionArn(version),
    Version: version.version,
    Description: version.description,
    CreatedDate: lastModified(version.createdMs),
    LicenseInfo: version.licenseInfo,
    CompatibleRuntimes: version.compatibleRuntimes,
    CompatibleArchitectures: version.compatibleArchitectures,
  };
}

/** Each once; undefined where the client names none. */
function texts(input: Input, member: string): readonly string[] | undefined {
  const given = list(input, member) as readonly string[] | undefined;
  return given && given.length > 0 ? [...new Set(given)] : undefined;
}
