/**
 * What clients configure of a mapping, by the wire's names: read from requests, with the defaults that AWS shows. An update leaves
 * alone what it does not name; an empty structure, list or text takes a setting away.
 */
import type { KafkaConfig, MappingSettings, PollerConfig } from '#event-sources';
import type { Input } from '#wire';
import { invalidParameter } from '../answers.ts';
import { list, number, structure, text } from '../request.ts';
import { checkSettings, checkStartingPosition } from './checks.ts';
import { isKafka, isStream, type SourceKind, traitsOf } from './kinds.ts';

/** Of a new mapping. Throws InvalidParameterValueException for what such a source cannot have. */
export function createdSettings(
  kind: SourceKind,
  input: Input,
  uuid: string,
  nowMs: number,
): MappingSettings {
  refuseUnsupported(kind, input);
  const given = read(kind, input, {});
  const settings = { ...defaults(kind), ...given };
  const config = kafkaMember(kind);
  const merged =
    config === undefined ? settings : { ...settings, [config]: { ConsumerGroupId: uuid, ...given[config] } };
  if (structure(input, 'ProvisionedPollerConfig') && merged.ProvisionedPollerConfig === undefined) {
    throw invalidParameter(
      'Either MinimumPollers or MaximumPollers are required if ProvisionedPollerConfig is provided.',
    );
  }
  checkStartingPosition(kind, merged, text(input, 'EventSourceArn') ?? 'self-managed', nowMs);
  checkSettings(kind, merged);
  return withoutUndefined(merged);
}

/** Of a mapping that is updated. Throws InvalidParameterValueException. */
export function updatedSettings(kind: SourceKind, before: MappingSettings, input: Input): MappingSettings {
  refuseUnsupported(kind, input);
  const settings = { ...before, ...read(kind, input, before) };
  const config = kafkaMember(kind);
  const merged =
    config === undefined
      ? settings
      : { ...settings, [config]: kafkaConfig(before[config], settings[config]) };
  checkSettings(kind, merged);
  return withoutUndefined(merged);
}

const kafkaMember = (
  kind: SourceKind,
): 'AmazonManagedKafkaEventSourceConfig' | 'SelfManagedKafkaEventSourceConfig' | undefined =>
  kind === 'msk'
    ? 'AmazonManagedKafkaEventSourceConfig'
    : kind === 'self-managed-kafka'
      ? 'SelfManagedKafkaEventSourceConfig'
      : undefined;

/** A consumer group stays what it was made with. */
function kafkaConfig(before: KafkaConfig | undefined, after: KafkaConfig | undefined): KafkaConfig {
  const group = before?.ConsumerGroupId;
  if (after?.ConsumerGroupId !== undefined && after.ConsumerGroupId !== group) {
    throw invalidParameter('ConsumerGroupId of an event source mapping cannot be changed.');
  }
  return { ...after, ...(group !== undefined && { ConsumerGroupId: group }) };
}

function refuseUnsupported(kind: SourceKind, input: Input): void {
  const { members, startingPositions } = traitsOf(kind);
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined || value === null || members.has(member)) continue;
    if (member === 'StartingPosition' && startingPositions.length === 0 && kind.startsWith('sqs')) {
      throw invalidParameter('StartingPosition is not valid for SQS event sources.');
    }
    throw invalidParameter(`Unsupported ${member} parameter for given event source mapping type.`);
  }
}

function defaults(kind: SourceKind): MappingSettings {
  const BatchSize = traitsOf(kind).batchSizeDefault;
  if (isStream(kind)) {
    return {
      BatchSize,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 1,
      DestinationConfig: { OnFailure: {} },
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: false,
      MaximumRetryAttempts: -1,
      TumblingWindowInSeconds: 0,
      FunctionResponseTypes: [],
    };
  }
  if (isKafka(kind)) return { BatchSize, DestinationConfig: { OnFailure: {} } };
  if (kind === 'documentdb' || kind === 'mq') return { BatchSize };
  return { BatchSize, MaximumBatchingWindowInSeconds: 0, FunctionResponseTypes: [] };
}

/** The settings that a request names; one that it takes away is there, and undefined. */
function read(kind: SourceKind, input: Input, before: Partial<MappingSettings>): Partial<MappingSettings> {
  const given: Record<string, unknown> = {};
  const scalars = [
    'BatchSize',
    'MaximumBatchingWindowInSeconds',
    'ParallelizationFactor',
    'StartingPosition',
    'MaximumRecordAgeInSeconds',
    'BisectBatchOnFunctionError',
    'MaximumRetryAttempts',
    'TumblingWindowInSeconds',
    'Topics',
    'Queues',
    'SelfManagedEventSource',
    'FunctionResponseTypes',
    'AmazonManagedKafkaEventSourceConfig',
    'SelfManagedKafkaEventSourceConfig',
  ];
  for (const member of scalars) if (isGiven(input, member)) given[member] = input[member];
  const { StartingPositionTimestamp: from } = input;
  if (from instanceof Date) given['StartingPositionTimestamp'] = from.getTime();
  if (isGiven(input, 'KMSKeyArn')) given['KMSKeyArn'] = text(input, 'KMSKeyArn') || undefined;
  if (isGiven(input, 'SourceAccessConfigurations')) {
    given['SourceAccessConfigurations'] = nonEmpty(list(input, 'SourceAccessConfigurations'));
  }
  for (const member of ['FilterCriteria', 'MetricsConfig', 'ScalingConfig', 'LoggingConfig'] as const) {
    const value = structure(input, member);
    if (value) given[member] = Object.values(value).some(holds) ? value : undefined;
  }
  const documentDb = structure(input, 'DocumentDBEventSourceConfig');
  if (documentDb) {
    const known = before.DocumentDBEventSourceConfig ?? { FullDocument: 'Default' };
    given['DocumentDBEventSourceConfig'] = { ...known, ...documentDb };
  }
  const destinations = structure(input, 'DestinationConfig');
  if (destinations) given['DestinationConfig'] = destinationsOf(destinations);
  const pollers = structure(input, 'ProvisionedPollerConfig');
  if (pollers) given['ProvisionedPollerConfig'] = pollersOf(kind, pollers, before.ProvisionedPollerConfig);
  return given;
}

const isGiven = (input: Input, member: string): boolean =>
  input[member] !== undefined && input[member] !== null;

const holds = (value: unknown): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

const nonEmpty = <Item>(items: readonly Item[] | undefined): readonly Item[] | undefined =>
  items && items.length > 0 ? items : undefined;

function destinationsOf(config: Input): MappingSettings['DestinationConfig'] {
  if (text(structure(config, 'OnSuccess') ?? {}, 'Destination')) {
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.');
  }
  const destination = text(structure(config, 'OnFailure') ?? {}, 'Destination');
  return { OnFailure: destination ? { Destination: destination } : {} };
}

/** AWS's defaults: 1 to 200 pollers for Kafka, 2 to 200 for SQS. Empty: no provisioned mode. */
function pollersOf(
  kind: SourceKind,
  config: Input,
  before: PollerConfig | undefined,
): PollerConfig | undefined {
  const [minimum, maximum] = [number(config, 'MinimumPollers'), number(config, 'MaximumPollers')];
  const group = text(config, 'PollerGroupName') ?? before?.PollerGroupName;
  if (minimum === undefined && maximum === undefined && text(config, 'PollerGroupName') === undefined) {
    return undefined;
  }
  const { MinimumPollers, MaximumPollers } = before ?? {
    MinimumPollers: isKafka(kind) ? 1 : 2,
    MaximumPollers: 200,
  };
  return {
    MinimumPollers: minimum ?? MinimumPollers,
    MaximumPollers: maximum ?? Math.max(MaximumPollers, minimum ?? 0),
    ...(group && { PollerGroupName: group }),
  };
}

/** What JSON would drop anyway is dropped here, so that the record in memory is the stored one. */
function withoutUndefined(
  settings: Partial<MappingSettings> & { readonly BatchSize: number },
): MappingSettings {
  return JSON.parse(JSON.stringify(settings)) as MappingSettings;
}
