/** The public face of event sources: what mappings are, and the pollers that read their sources. */
export { parseFilterPattern } from './filter/pattern.ts';
export { mappingTransitionMs } from './limits.ts';
export { functionOf, lastModifiedMs, mappingRecordsPrefix, mappingsRoot, stateAt } from './mapping.ts';
export type { MappingRecord, MappingState, SourceKind, Transition } from './mapping.ts';
export type { KafkaConfig, MappingSettings, PollerConfig, SchemaRegistryConfig } from './mapping-settings.ts';
export { limitsDefault } from './limits.ts';
export type { Limits } from './limits.ts';
export type { RoleMay } from './access.ts';
export { createEventSources } from './service.ts';
export type { EventSources, EventSourcesOptions, MappingCounts } from './service.ts';
export { queueOpener } from './queues.ts';
export type { QueueOpener, QueueOpenerOptions } from './queues.ts';
export type { PollerCount } from './sqs/poller.ts';
export type { QueueDescription, Reception, SourceMessage, SourceQueue } from './sqs/source-queue.ts';
