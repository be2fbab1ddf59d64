/** What clients configure of a mapping, by the wire's names. The control plane checks and writes it; sources act on it. */

export interface MappingSettings {
  readonly BatchSize: number;
  /** Absent for sources whose default is half a second, which this member cannot say. */
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] };
  readonly KMSKeyArn?: string;
  readonly MetricsConfig?: { readonly Metrics: readonly string[] };
  readonly LoggingConfig?: { readonly SystemLogLevel: string };
  readonly ScalingConfig?: { readonly MaximumConcurrency: number };
  readonly ParallelizationFactor?: number;
  readonly StartingPosition?: string;
  /** Epoch milliseconds. */
  readonly StartingPositionTimestamp?: number;
  readonly DestinationConfig?: { readonly OnFailure: { readonly Destination?: string } };
  readonly MaximumRecordAgeInSeconds?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly MaximumRetryAttempts?: number;
  readonly TumblingWindowInSeconds?: number;
  readonly Topics?: readonly string[];
  readonly Queues?: readonly string[];
  readonly SourceAccessConfigurations?: readonly { readonly Type?: string; readonly URI?: string }[];
  readonly SelfManagedEventSource?: { readonly Endpoints?: Readonly<Record<string, readonly string[]>> };
  readonly FunctionResponseTypes?: readonly string[];
  readonly AmazonManagedKafkaEventSourceConfig?: KafkaConfig;
  readonly SelfManagedKafkaEventSourceConfig?: KafkaConfig;
  readonly DocumentDBEventSourceConfig?: {
    readonly DatabaseName?: string;
    readonly CollectionName?: string;
    readonly FullDocument?: string;
  };
  readonly ProvisionedPollerConfig?: PollerConfig;
}

export interface KafkaConfig {
  readonly ConsumerGroupId?: string;
  readonly SchemaRegistryConfig?: SchemaRegistryConfig;
}

export interface SchemaRegistryConfig {
  readonly SchemaRegistryURI?: string;
  readonly EventRecordFormat?: string;
  readonly AccessConfigs?: readonly { readonly Type?: string; readonly URI?: string }[];
  readonly SchemaValidationConfigs?: readonly { readonly Attribute?: string }[];
}

export interface PollerConfig {
  readonly MinimumPollers: number;
  readonly MaximumPollers: number;
  readonly PollerGroupName?: string;
}
