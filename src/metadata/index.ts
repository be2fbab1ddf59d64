/** The public face of metadata: the records of functions, versions and aliases, their keys and ARNs, and the invoke path's cache. */
export type {
  AliasRecord,
  CodeRecord,
  Configuration,
  FunctionPolicyRecord,
  FunctionRecord,
  LayerReference,
  ResourcePolicy,
  VersionName,
  VersionRecord,
} from './records.ts';
export type { MetadataCache, Resolution } from './cache.ts';
export { functionArn, parseFunctionName } from './arn.ts';
export type { FunctionReference } from './arn.ts';
export {
  aliasKey,
  aliasesPrefix,
  allVersionsPrefix,
  functionKey,
  functionPolicyKey,
  functionsPrefix,
  isVersionNumber,
  latestVersion,
  latestVersionsPrefix,
  metadataPrefix,
  publishedVersionsPrefix,
  versionKey,
} from './keys.ts';
export type { FunctionName, Place } from './keys.ts';
export { openMetadataCache } from './service.ts';
export type { MetadataCacheOptions, WatchedMetadata } from './service.ts';
export type { Usage } from './state.ts';
