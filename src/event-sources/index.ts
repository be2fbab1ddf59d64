/** The public face of event sources: what mappings are, and the pollers that read their sources. */
export { parseFilterPattern } from './filter/pattern.ts';
export { mappingTransitionMs } from './limits.ts';
export {
  functionOf,
  lastModifiedMs,
  mappingRecordsPrefix,
  mappingsRoot,
  stateAt,
} from './mapping.ts';
export type { MappingRecord, MappingState, SourceKind, Transition } from './mapping.ts';
export type { KafkaConfig, MappingSettings, PollerConfig, SchemaRegistryConfig } from './mapping-settings.ts';
