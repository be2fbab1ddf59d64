/**
 * Names and ARNs of layers and of their versions:
 *
 *   arn:aws:lambda:us-east-1:000000000000:layer:tools        a layer (wherever a name is taken, its ARN is too)
 *   arn:aws:lambda:us-east-1:000000000000:layer:tools:3      one of its versions
 */
import type { Place } from '#metadata';

export interface LayerName extends Place {
  readonly layerName: string;
}

export interface LayerVersionName extends LayerName {
  readonly version: number;
}

const arnPattern =
  /^arn:(?:aws[a-zA-Z-]*)?:lambda:([a-z0-9-]+):(\d{12}):layer:([a-zA-Z0-9-_]+)(?::([1-9][0-9]{0,14}))?$/;
const bareName = /^[a-zA-Z0-9-_]+$/;

export const layerArn = (name: LayerName): string =>
  `arn:aws:lambda:${name.region}:${name.accountId}:layer:${name.layerName}`;

export const layerVersionArn = (name: LayerVersionName): string => `${layerArn(name)}:${name.version}`;

/** The layer that a name or an ARN without version means to a caller of `place`; undefined for anything else. */
export function parseLayerName(nameOrArn: string, place: Place): LayerName | undefined {
  if (bareName.test(nameOrArn)) return { ...place, layerName: nameOrArn };
  const [, region, accountId, layerName, version] = arnPattern.exec(nameOrArn) ?? [];
  if (region === undefined || accountId === undefined || layerName === undefined) return undefined;
  return version === undefined ? { region, accountId, layerName } : undefined;
}

/** The version that an ARN names; undefined for an ARN without a version that can be, and for anything else. */
export function parseLayerVersionArn(arn: string): LayerVersionName | undefined {
  const [, region, accountId, layerName, version] = arnPattern.exec(arn) ?? [];
  if (region === undefined || accountId === undefined || layerName === undefined) return undefined;
  return version === undefined ? undefined : { region, accountId, layerName, version: Number(version) };
}
