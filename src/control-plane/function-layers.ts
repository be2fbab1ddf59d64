/** The layers of a function: from the ARNs that a client gives to what a configuration holds of them. */
import { unpackedBytesLimit } from '#code';
import type { CodeRecord, LayerReference } from '#metadata';
import type { RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { layerForbidden } from './layer-answers.ts';
import { layerArn, layerVersionArn, type LayerVersionName, parseLayerVersionArn } from './layer-arn.ts';
import { layerGrants } from './layer-policies.ts';
import { functionLayersMax } from './limits.ts';

/**
 * In the order given. Throws a WireError for more than AWS takes, for versions that are not there or not open to this account, and
 * for two of one layer. Like AWS it does not ask with which runtimes and architectures a layer calls itself compatible.
 */
export async function resolveLayers(
  context: Pick<Context, 'layers' | 'region'>,
  arns: readonly string[],
  request: Pick<RequestContext, 'principal'>,
): Promise<readonly LayerReference[]> {
  if (arns.length > functionLayersMax) {
    throw invalidParameter(`Cannot reference more than ${functionLayersMax} layers.`);
  }
  const references: LayerReference[] = [];
  const named = new Map<string, string>();
  for (const arn of arns) {
    const name = parseLayerVersionArn(arn);
    if (!name) throw doesNotExist(arn);
    references.push(await resolveLayer(context, name, arn, request));
    const layer = layerArn(name);
    const other = named.get(layer);
    if (other !== undefined) {
      throw invalidParameter(
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`,
      );
    }
    named.set(layer, arn);
  }
  return references;
}

/** Throws unless a function's code and layers together unpack to what AWS allows. */
export function requireUnpackedRoom(code: CodeRecord, layers: readonly LayerReference[]): void {
  // Records of before code told its size unpacked: at least the archive's, which is less.
  const codeBytes = code.unpackedBytes ?? code.sizeBytes;
  const unpackedBytes = layers.reduce((sum, layer) => sum + layer.unpackedBytes, codeBytes);
  if (layers.length === 0 || unpackedBytes <= unpackedBytesLimit) return;
  throw invalidParameter(
    `Function code combined with layers exceeds the maximum allowed size of ${unpackedBytesLimit} bytes. The actual size is ${unpackedBytes} bytes.`,
  );
}

async function resolveLayer(
  { layers, region }: Pick<Context, 'layers' | 'region'>,
  name: LayerVersionName,
  arn: string,
  request: Pick<RequestContext, 'principal'>,
): Promise<LayerReference> {
  const { accountId } = request.principal;
  const own = name.accountId === accountId;
  if (own && name.region !== region) {
    throw invalidParameter(
      `Layers are not in the same region as the function. Layers are expected to be in region ${region}.`,
    );
  }
  const version = name.region === region ? await layers.findVersion(name) : undefined;
  // Whether another account's layer is not there or not granted is not told.
  if (!own && !(version && layerGrants(version.policy, accountId))) {
    throw layerForbidden(request, 'GetLayerVersion', arn);
  }
  if (!version) throw doesNotExist(arn);
  const { code, unpackedBytes } = version;
  const { signingProfileVersionArn, signingJobArn } = code;
  return {
    arn: layerVersionArn(name),
    code,
    unpackedBytes,
    ...(signingProfileVersionArn !== undefined && { signingProfileVersionArn }),
    ...(signingJobArn !== undefined && { signingJobArn }),
  };
}

const doesNotExist = (arn: string): Error => invalidParameter(`Layer version ${arn} does not exist.`);
