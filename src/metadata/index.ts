/** The public face of metadata: the records of functions, versions and aliases, their keys and ARNs, and the invoke path's cache. */
export type {
  AliasRecord,
  CodeRecord,
  Configuration,
  FunctionRecord,
  VersionName,
  VersionRecord,
} from './records.ts';
export type { MetadataCache, Resolution } from './cache.ts';
