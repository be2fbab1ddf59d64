/**
 * SnapStart of a function: checked, kept and shown. Lambkin makes no snapshots yet: published versions start cold, and their
 * OptimizationStatus says Off.
 */
import type { Configuration } from '#metadata';
import type { Input, Output } from '#wire';
import { invalidParameter } from './answers.ts';
import { structure, text } from './request.ts';

type Kept = Configuration['kept'];

/** AWS: Java from 11, Python from 3.12, .NET from 8. */
const supported = /^(?:java(?:1[1-9]|[2-9]\d)(?:\.al\d+)?|python3\.(?:1[2-9]|[2-9]\d)|dotnet(?:[89]|\d\d))$/;

/** AWS: a function with SnapStart has no more temporary storage than this, in MB. */
const storageMbMax = 512;

export function snapStartAfter(before: Kept, input: Input): Kept {
  const asked = text(structure(input, 'SnapStart') ?? {}, 'ApplyOn');
  if (asked === undefined) return before;
  const { SnapStart: _before, ...others } = before;
  return asked === 'None' ? others : { ...others, SnapStart: { ApplyOn: asked } };
}

/** Throws unless SnapStart, where it is asked for, goes with the other settings. */
export function requireSnapStart({
  kept,
  packageType,
  runtime,
  ephemeralStorageMb,
}: Pick<Configuration, 'kept' | 'packageType' | 'runtime' | 'ephemeralStorageMb'>): void {
  if (kept['SnapStart'] === undefined) return;
  const obstacle = !supported.test(runtime)
    ? runtime || `PackageType ${packageType}`
    : ephemeralStorageMb > storageMbMax
      ? `EphemeralStorage of more than ${storageMbMax} MB`
      : kept['FileSystemConfigs'] !== undefined
        ? 'FileSystemConfigs'
        : undefined;
  if (obstacle !== undefined) {
    throw invalidParameter(`${obstacle} is not supported for SnapStart enabled functions.`);
  }
}

export function snapStartShown(kept: Kept): Output {
  return {
    ApplyOn: kept['SnapStart'] === undefined ? 'None' : 'PublishedVersions',
    OptimizationStatus: 'Off',
  };
}
