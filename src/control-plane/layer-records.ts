/**
 * The records of layers. No invoke reads them (a function's configuration holds what it needs of its layers), so they stand
 * outside of the watched metadata:
 *
 *   control-plane/layers/names/<account>/<region>/<name>                   LayerRecord; stays when all versions are deleted
 *   control-plane/layers/versions/<account>/<region>/<name>/<16 digits>    LayerVersionRecord; digits count down, so newest first
 */
import { assert } from '#lib/assert';
import type { CodeRecord, Place } from '#metadata';
import type { LayerName, LayerVersionName } from './layer-arn.ts';

export interface LayerRecord extends LayerName {
  /** The highest number given so far: none is given twice. */
  readonly lastVersion: number;
}

export interface LayerVersionRecord extends LayerVersionName {
  readonly code: CodeRecord;
  readonly unpackedBytes: number;
  readonly description: string;
  readonly licenseInfo?: string;
  readonly compatibleRuntimes?: readonly string[];
  readonly compatibleArchitectures?: readonly string[];
  /** Epoch milliseconds. */
  readonly createdMs: number;
  readonly policy?: LayerPolicy;
}

/** Who else may use a version of a layer. */
export interface LayerPolicy {
  readonly statements: readonly LayerStatement[];
  readonly revisionId: string;
}

export interface LayerStatement {
  readonly statementId: string;
  readonly action: string;
  /** `*`, or the ARN of an account's root. */
  readonly principal: string;
  readonly organizationId?: string;
}

const root = 'control-plane/layers/';
const numberDigits = 16;

export const layersPrefix = (place: Place): string => `${root}names/${place.accountId}/${place.region}/`;
export const layerKey = (name: LayerName): string => layersPrefix(name) + name.layerName;

/** Every version of every layer of every account. */
export const everyLayerVersionPrefix = `${root}versions/`;
export const layerVersionsPrefix = (name: LayerName): string =>
  `${everyLayerVersionPrefix}${name.accountId}/${name.region}/${name.layerName}/`;

export function layerVersionKey(name: LayerVersionName): string {
  assert(Number.isSafeInteger(name.version) && name.version > 0, `not a version: ${name.version}`);
  const countdown = 10 ** (numberDigits - 1) - name.version;
  return layerVersionsPrefix(name) + String(countdown).padStart(numberDigits, '0');
}
