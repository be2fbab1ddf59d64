/**
 * The kinds of event sources, and what a mapping of each takes: from AWS's tables of parameters per source in the Lambda developer
 * guide ("All … event source configuration parameters").
 */
import type { SourceKind } from '#event-sources';
import { unreachable } from '#lib/assert';
import { type Input } from '#wire';
import { invalidParameter } from '../answers.ts';
import { structure, text } from '../request.ts';

export type { SourceKind };

export interface Traits {
  readonly batchSizeDefault: number;
  readonly batchSizeMax: number;
  /** Empty: the source has no position to start at. */
  readonly startingPositions: readonly string[];
  /** Members beyond those that every mapping may have. */
  readonly members: ReadonlySet<string>;
  /** Of members: those without which a mapping cannot be created. */
  readonly required: readonly string[];
  readonly accessTypes: readonly string[];
  readonly metrics: readonly string[];
  /** How AWS words why the state is what it is. */
  readonly transitionReason: 'USER_INITIATED' | 'User action';
  /** AWS shows the result of the last batch, which SQS has none of. */
  readonly showsLastResult: boolean;
}

const everyMember: readonly string[] = [
  'EventSourceArn',
  'FunctionName',
  'Enabled',
  'BatchSize',
  'FilterCriteria',
  'KMSKeyArn',
  'MaximumBatchingWindowInSeconds',
  'Tags',
  'UUID',
];
const retrying = [
  'DestinationConfig',
  'MaximumRecordAgeInSeconds',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'FunctionResponseTypes',
  'MetricsConfig',
];
const positioned = ['StartingPosition', 'StartingPositionTimestamp'];
const kafka = [
  ...positioned,
  ...retrying,
  'Topics',
  'SourceAccessConfigurations',
  'ProvisionedPollerConfig',
  'LoggingConfig',
];
const anywhere = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'];

const sqs: Traits = {
  batchSizeDefault: 10,
  batchSizeMax: 10_000,
  startingPositions: [],
  members: new Set([
    ...everyMember,
    'FunctionResponseTypes',
    'ScalingConfig',
    'ProvisionedPollerConfig',
    'MetricsConfig',
  ]),
  required: [],
  accessTypes: [],
  metrics: ['EventCount'],
  transitionReason: 'USER_INITIATED',
  showsLastResult: false,
};

const kinesis: Traits = {
  batchSizeDefault: 100,
  batchSizeMax: 10_000,
  startingPositions: anywhere,
  members: new Set([
    ...everyMember,
    ...positioned,
    ...retrying,
    'ParallelizationFactor',
    'TumblingWindowInSeconds',
  ]),
  required: [],
  accessTypes: [],
  metrics: ['EventCount'],
  transitionReason: 'User action',
  showsLastResult: true,
};

const msk: Traits = {
  ...kinesis,
  members: new Set([...everyMember, ...kafka, 'AmazonManagedKafkaEventSourceConfig']),
  required: ['Topics'],
  accessTypes: ['SASL_SCRAM_512_AUTH', 'CLIENT_CERTIFICATE_TLS_AUTH'],
  metrics: ['EventCount', 'ErrorCount', 'KafkaMetrics'],
  transitionReason: 'USER_INITIATED',
};

const traits: Readonly<Record<SourceKind, Traits>> = {
  sqs,
  'sqs-fifo': { ...sqs, batchSizeMax: 10 },
  kinesis,
  dynamodb: { ...kinesis, startingPositions: ['TRIM_HORIZON', 'LATEST'] },
  msk,
  'self-managed-kafka': {
    ...msk,
    members: new Set([
      ...everyMember,
      ...kafka,
      'SelfManagedEventSource',
      'SelfManagedKafkaEventSourceConfig',
    ]),
    required: ['Topics', 'SourceAccessConfigurations'],
    accessTypes: [
      'BASIC_AUTH',
      'VPC_SUBNET',
      'VPC_SECURITY_GROUP',
      'SASL_SCRAM_512_AUTH',
      'SASL_SCRAM_256_AUTH',
      'CLIENT_CERTIFICATE_TLS_AUTH',
      'SERVER_ROOT_CA_CERTIFICATE',
    ],
  },
  mq: {
    ...kinesis,
    startingPositions: [],
    members: new Set([...everyMember, 'Queues', 'SourceAccessConfigurations']),
    required: ['Queues', 'SourceAccessConfigurations'],
    accessTypes: ['BASIC_AUTH', 'VIRTUAL_HOST'],
    metrics: [],
    transitionReason: 'USER_INITIATED',
  },
  documentdb: {
    ...kinesis,
    members: new Set([
      ...everyMember,
      ...positioned,
      'SourceAccessConfigurations',
      'DocumentDBEventSourceConfig',
    ]),
    required: ['DocumentDBEventSourceConfig', 'SourceAccessConfigurations'],
    accessTypes: ['BASIC_AUTH'],
    metrics: [],
    transitionReason: 'USER_INITIATED',
  },
};

export const traitsOf = (kind: SourceKind): Traits => traits[kind];

export const isKafka = (kind: SourceKind): boolean => kind === 'msk' || kind === 'self-managed-kafka';
export const isSqs = (kind: SourceKind): boolean => kind === 'sqs' || kind === 'sqs-fifo';
export const isStream = (kind: SourceKind): boolean => kind === 'kinesis' || kind === 'dynamodb';

/** The kind of the source that a CreateEventSourceMapping names. Throws InvalidParameterValueException. */
export function kindOf(input: Input, region: string): SourceKind {
  const arn = text(input, 'EventSourceArn');
  if (structure(input, 'SelfManagedEventSource')) {
    if (arn !== undefined)
      throw invalidParameter('EventSourceArn and SelfManagedEventSource exclude each other.');
    return 'self-managed-kafka';
  }
  if (arn === undefined) throw invalidParameter('Unrecognized event source.');
  const kind = kindOfArn(arn);
  if (kind === undefined) {
    throw invalidParameter(
      `Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn ${arn}`,
    );
  }
  if (arn.split(':')[3] !== region) {
    throw invalidParameter(`The event source must be in the region of the function, ${region}: ${arn}`);
  }
  return kind;
}

/** The parts of an ARN that name a source which functions can be mapped to. */
const arnForms: readonly (readonly [SourceKind, RegExp])[] = [
  ['sqs-fifo', /^sqs:[^:]+:\d{12}:[a-zA-Z0-9_-]{1,75}\.fifo$/],
  ['sqs', /^sqs:[^:]+:\d{12}:[a-zA-Z0-9_-]{1,80}$/],
  ['kinesis', /^kinesis:[^:]+:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128}(\/consumer\/[a-zA-Z0-9_.-]{1,128}:\d+)?$/],
  ['dynamodb', /^dynamodb:[^:]+:\d{12}:table\/[a-zA-Z0-9_.-]{3,255}\/stream\/[0-9T:.-]{1,64}$/],
  ['msk', /^kafka:[^:]+:\d{12}:cluster\/[^/:\s]{1,64}\/[a-zA-Z0-9-]{1,80}$/],
  ['msk', /^kafka:[^:]+:\d{12}:vpc-connection\/\d{12}\/[^/:\s]{1,64}\/[a-zA-Z0-9-]{1,80}$/],
  ['mq', /^mq:[^:]+:\d{12}:broker:[a-zA-Z0-9_-]{1,64}:b-[a-zA-Z0-9-]{1,64}$/],
  ['documentdb', /^rds:[^:]+:\d{12}:cluster:[a-zA-Z0-9-]{1,64}$/],
];

function kindOfArn(arn: string): SourceKind | undefined {
  const resource = /^arn:aws[a-zA-Z-]*:(.{1,1000})$/.exec(arn)?.[1];
  return resource === undefined ? undefined : arnForms.find(([, form]) => form.test(resource))?.[0];
}

/** As AWS names it in the message of a duplicate. */
export function serviceName(kind: SourceKind): string {
  switch (kind) {
    case 'sqs':
    case 'sqs-fifo':
      return 'SQS';
    case 'kinesis':
      return 'Kinesis';
    case 'dynamodb':
      return 'DynamoDB';
    case 'msk':
    case 'self-managed-kafka':
      return 'Kafka';
    case 'mq':
      return 'MQ';
    case 'documentdb':
      return 'DocumentDB';
    default:
      return unreachable(kind);
  }
}
