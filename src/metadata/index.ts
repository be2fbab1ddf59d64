/** The public face of metadata: the records of functions, versions and aliases, their keys and ARNs, and the invoke path's cache. */
export type {
  AliasRecord,
  CodeRecord,
  Configuration,
  EventInvokeRecord,
  Fallback,
  FunctionImage,
  FunctionPolicyRecord,
  FunctionRecord,
  FunctionUrlCors,
  FunctionUrlRecord,
  FunctionUrlReference,
  ImageDefaults,
  LayerReference,
  PackageType,
  ProvisionedRecord,
  ResourcePolicy,
  VersionName,
  VersionRecord,
} from './records.ts';
export type { MetadataCache, Resolution } from './cache.ts';
export { functionArn, parseFunctionName } from './arn.ts';
export { layersOf } from './layers-of.ts';
export { runtimeVersionArn, runtimeVersionName } from './runtime-version.ts';
export type { FunctionReference } from './arn.ts';
export {
  aliasKey,
  aliasesPrefix,
  allVersionsPrefix,
  eventInvokeKey,
  eventInvokesPrefix,
  functionKey,
  functionPolicyKey,
  functionsPrefix,
  functionUrlIdKey,
  functionUrlKey,
  functionUrlsPrefix,
  isVersionNumber,
  latestVersion,
  latestVersionsPrefix,
  metadataPrefix,
  provisionedKey,
  provisionedPrefix,
  publishedVersionsPrefix,
  versionKey,
} from './keys.ts';
export type { FunctionName, Place } from './keys.ts';
export { allotment } from './provisioned.ts';
export type { ProvisionedChange } from './provisioned.ts';
export { VariableSeal } from './sealed-variables.ts';
export type { Variables } from './sealed-variables.ts';
export { openMetadataCache } from './service.ts';
export type { MetadataCacheOptions, WatchedMetadata } from './service.ts';
export type { Usage } from './state.ts';
