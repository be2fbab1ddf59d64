/** The settings that are kept and shown, and nothing more: whoever runs Lambkin is told which functions set them. */
import type { Configuration } from '#metadata';

/** By their wire names; how functions run does not depend on them. */
export function settingsWithoutEffect({ kept }: Pick<Configuration, 'kept'>): readonly string[] {
  return ['VpcConfig', 'FileSystemConfigs', 'SnapStart', 'KMSKeyArn'].filter((name) => isSet(kept[name]));
}

/** A VpcConfig that was cleared has empty lists. */
function isSet(value: Configuration['kept'][string] | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== 'object' || !('SubnetIds' in value)) return true;
  return Array.isArray(value['SubnetIds']) && value['SubnetIds'].length > 0;
}
