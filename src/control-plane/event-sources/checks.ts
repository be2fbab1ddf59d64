/**
 * What the settings of a mapping must meet beyond the ranges of single members, which the wire has checked. Messages are AWS's
 * where they are known. All throw InvalidParameterValueException.
 */
import { type KafkaConfig, type MappingSettings, parseFilterPattern } from '#event-sources';
import { invalidParameter } from '../answers.ts';
import { mappingFiltersMax, mappingSettingsCharsMax } from '../limits.ts';
import { isKafka, isSqs, type SourceKind, traitsOf } from './kinds.ts';

export function checkSettings(kind: SourceKind, settings: MappingSettings): void {
  checkRequired(kind, settings);
  checkBatching(kind, settings);
  checkRecordAge(settings);
  checkFilters(settings);
  checkAccess(kind, settings);
  checkPollers(kind, settings);
  checkWhatNeedsPollers(kind, settings);
  if (JSON.stringify(settings).length > mappingSettingsCharsMax) {
    throw invalidParameter(
      `The settings of an event source mapping must be at most ${mappingSettingsCharsMax} characters.`,
    );
  }
}

function checkRequired(kind: SourceKind, settings: MappingSettings): void {
  for (const member of traitsOf(kind).required) {
    if (Object.hasOwn(settings, member) && settings[member as keyof MappingSettings] !== undefined) continue;
    throw invalidParameter(
      `Required '${member[0]?.toLowerCase() ?? ''}${member.slice(1)}' parameter is missing.`,
    );
  }
  if (kind === 'documentdb' && settings.DocumentDBEventSourceConfig?.DatabaseName === undefined) {
    throw invalidParameter("Required 'databaseName' parameter is missing.");
  }
  if (
    kind === 'self-managed-kafka' &&
    settings.SelfManagedEventSource?.Endpoints?.['KAFKA_BOOTSTRAP_SERVERS'] === undefined
  ) {
    throw invalidParameter("Required 'KAFKA_BOOTSTRAP_SERVERS' endpoints are missing.");
  }
}

/** Of a new mapping: no update can change where it starts. */
export function checkStartingPosition(
  kind: SourceKind,
  settings: MappingSettings,
  source: string,
  nowMs: number,
): void {
  const { startingPositions } = traitsOf(kind);
  const { StartingPosition: position, StartingPositionTimestamp: timestampMs } = settings;
  if (startingPositions.length === 0) return;
  if (position === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (!startingPositions.includes(position)) {
    throw invalidParameter(`Unsupported starting position for arn type: ${source}`);
  }
  if (position === 'AT_TIMESTAMP') {
    if (timestampMs === undefined) throw invalidParameter('Need to specify a timestamp');
    if (timestampMs > nowMs) throw invalidParameter('StartingPositionTimestamp cannot be in the future.');
  } else if (timestampMs !== undefined) {
    throw invalidParameter('StartingPositionTimestamp is only valid with StartingPosition AT_TIMESTAMP.');
  }
}

function checkBatching(kind: SourceKind, settings: MappingSettings): void {
  const { BatchSize: size, MaximumBatchingWindowInSeconds: windowSeconds = 0 } = settings;
  const { batchSizeMax } = traitsOf(kind);
  if (kind === 'sqs-fifo' && windowSeconds > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues');
  }
  if (size > batchSizeMax) throw invalidParameter(`Batch size must not exceed ${batchSizeMax}: ${size}`);
  if (isSqs(kind) && size > 10 && windowSeconds === 0) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
}

function checkRecordAge({ MaximumRecordAgeInSeconds: seconds }: MappingSettings): void {
  if (seconds === undefined || seconds === -1 || seconds >= 60) return;
  throw invalidParameter(`MaximumRecordAgeInSeconds must be -1, or between 60 and 604800: ${seconds}`);
}

function checkFilters({ FilterCriteria: criteria }: MappingSettings): void {
  const filters = criteria?.Filters ?? [];
  if (filters.length > mappingFiltersMax) {
    throw invalidParameter(
      `The maximum number of filters of an event source mapping is ${mappingFiltersMax}.`,
    );
  }
  for (const { Pattern: pattern } of filters) {
    if (typeof pattern !== 'string' || parseFilterPattern(pattern).kind === 'invalid') {
      throw invalidParameter('Invalid filter pattern definition.');
    }
  }
}

function checkAccess(kind: SourceKind, settings: MappingSettings): void {
  const { accessTypes } = traitsOf(kind);
  const configurations = settings.SourceAccessConfigurations ?? [];
  for (const { Type: type, URI: uri } of configurations) {
    if (type === undefined || uri === undefined) {
      throw invalidParameter('A source access configuration needs Type and URI.');
    }
    if (!accessTypes.includes(type)) {
      throw invalidParameter(`Unsupported source access configuration for given event source: ${type}`);
    }
  }
  const signsIn = kind === 'mq' || kind === 'documentdb';
  if (signsIn && !configurations.some(({ Type: type }) => type === 'BASIC_AUTH')) {
    throw invalidParameter('A source access configuration of type BASIC_AUTH is required.');
  }
  const metric = settings.MetricsConfig?.Metrics.find((name) => !traitsOf(kind).metrics.includes(name));
  if (metric !== undefined) {
    throw invalidParameter(`Unsupported metric for given event source mapping type: ${metric}`);
  }
}

function checkPollers(kind: SourceKind, settings: MappingSettings): void {
  const { ProvisionedPollerConfig: pollers, ScalingConfig: scaling } = settings;
  if (pollers === undefined) return;
  const { MinimumPollers: minimum, MaximumPollers: maximum } = pollers;
  const least = isKafka(kind) ? 1 : 2;
  if (minimum < least || maximum < minimum) {
    throw invalidParameter(
      `MinimumPollers should be between [${least}, 200] and MaximumPollers should be between [MinimumPollers, 10000]`,
    );
  }
  if (pollers.PollerGroupName !== undefined && !isKafka(kind)) {
    throw invalidParameter('Unsupported PollerGroupName parameter for given event source mapping type.');
  }
  if (scaling !== undefined) {
    throw invalidParameter(
      'Provisioned mode for SQS ESM does not support maximum concurrency feature. Use MaximumPollers as the control mechanism and remove maximum concurrency.',
    );
  }
}

/** Schema registries, logging and Kafka's metrics are part of the provisioned mode. */
function checkWhatNeedsPollers(kind: SourceKind, settings: MappingSettings): void {
  const kafkaConfig: KafkaConfig | undefined =
    settings.AmazonManagedKafkaEventSourceConfig ?? settings.SelfManagedKafkaEventSourceConfig;
  const registry = kafkaConfig?.SchemaRegistryConfig;
  const needing = [
    ...(registry ? ['SchemaRegistryConfig'] : []),
    ...(settings.LoggingConfig ? ['LoggingConfig'] : []),
    ...(isKafka(kind) && settings.MetricsConfig ? ['MetricsConfig'] : []),
  ];
  if (needing.length > 0 && settings.ProvisionedPollerConfig === undefined) {
    throw invalidParameter(`${needing.join(' and ')} can only be used with ProvisionedPollerConfig.`);
  }
  if (registry === undefined) return;
  const { SchemaRegistryURI, EventRecordFormat, SchemaValidationConfigs = [] } = registry;
  if (
    SchemaRegistryURI === undefined ||
    EventRecordFormat === undefined ||
    SchemaValidationConfigs.length === 0
  ) {
    throw invalidParameter(
      'SchemaRegistryConfig needs SchemaRegistryURI, EventRecordFormat and SchemaValidationConfigs.',
    );
  }
}
