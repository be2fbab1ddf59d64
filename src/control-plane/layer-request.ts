/** The layer, or the version of one, that a request is about. */
import type { Input, RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import { layerForbidden, layerVersionNotFound, layerVersionTooSmall } from './layer-answers.ts';
import { layerArn, type LayerName, type LayerVersionName, parseLayerName } from './layer-arn.ts';
import { number, required } from './request.ts';

/** Throws for what is no layer of this region. A layer of another account is let through: policies decide about it. */
export function layerOf(input: Input, request: RequestContext, region: string): LayerName {
  const given = required(input, 'LayerName');
  const name = parseLayerName(given, { accountId: request.principal.accountId, region });
  if (!name) throw invalidParameter(`Invalid Layer name: ${given}`);
  if (name.region !== region) throw layerVersionNotFound();
  return name;
}

/** For operations that no layer policy can grant to another account. */
export function ownLayerOf(
  input: Input,
  request: RequestContext,
  region: string,
  operation: string,
): LayerName {
  const name = layerOf(input, request, region);
  if (name.accountId === request.principal.accountId) return name;
  throw layerForbidden(request, operation, layerArn(name));
}

export function numbered(name: LayerName, input: Input): LayerVersionName {
  const version = number(input, 'VersionNumber') ?? 0;
  if (version < 1) throw layerVersionTooSmall();
  // Beyond what can be a number of ours: as good as any other version that is not there.
  if (!Number.isSafeInteger(version) || version >= 10 ** 15) throw layerVersionNotFound();
  return { ...name, version };
}
