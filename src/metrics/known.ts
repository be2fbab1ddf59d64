/** The metrics that Lambkin records itself: their units, and whether their percentiles are kept. docs/metrics.md says when each is recorded. */
export const lambdaNamespace = 'AWS/Lambda';
export const queueNamespace = 'AWS/SQS';
/** What AWS has no metric for. */
export const ownNamespace = 'Lambkin';

const count = { unit: 'Count', form: 'plain' } as const;
const gauge = { unit: 'None', form: 'plain' } as const;
const duration = { unit: 'Milliseconds', form: 'spread' } as const;

export const knownMetrics = {
  Invocations: count,
  Errors: count,
  Throttles: count,
  Duration: duration,
  ConcurrentExecutions: count,
  UnreservedConcurrentExecutions: count,
  ProvisionedConcurrencyInvocations: count,
  ProvisionedConcurrencySpilloverInvocations: count,
  ProvisionedConcurrentExecutions: count,
  ProvisionedConcurrencyUtilization: gauge,
  AsyncEventsReceived: count,
  AsyncEventAge: duration,
  AsyncEventsDropped: count,
  DestinationDeliveryFailures: count,
  DeadLetterErrors: count,
  PolledEventCount: count,
  FilteredOutEventCount: count,
  InvokedEventCount: count,
  FailedInvokeEventCount: count,
  DroppedEventCount: count,
  OnFailureDestinationDeliveredEventCount: count,
  DeletedEventCount: count,
  UrlRequestCount: count,
  Url4xxCount: count,
  Url5xxCount: count,
  UrlRequestLatency: duration,
  InitDuration: duration,
  NumberOfMessagesSent: count,
  NumberOfMessagesReceived: count,
  NumberOfMessagesDeleted: count,
  NumberOfEmptyReceives: count,
  ApproximateNumberOfMessagesVisible: count,
  ApproximateNumberOfMessagesNotVisible: count,
  ApproximateNumberOfMessagesDelayed: count,
} as const;

export type KnownMetric = keyof typeof knownMetrics;
