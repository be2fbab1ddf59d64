/** What Prometheus is shown: the totals of what was recorded, and how things stand at the moment, in one of its two text formats. */
import { type Metric, Registry } from 'prom-client';
import type { KnownMetric } from '../known.ts';
import { bucketBound, bucketsPerDoubling, type Values } from '../summary.ts';
import type { Total, Totals } from '../totals.ts';

/** How something stands now, or (`counter`) has come to in all. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export type Format = 'text' | 'openmetrics';

export const contentTypes = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
} as const;

interface Exposed {
  readonly metric: KnownMetric;
  readonly name: string;
  readonly help: string;
  readonly as: 'counter' | 'seconds';
}

const counter = (metric: KnownMetric, name: string, help: string): Exposed => ({
  metric,
  name: `lambkin_${name}_total`,
  help,
  as: 'counter',
});
const seconds = (metric: KnownMetric, name: string, help: string): Exposed => ({
  metric,
  name: `lambkin_${name}_seconds`,
  help,
  as: 'seconds',
});

const exposedMetrics: readonly Exposed[] = [
  counter('Invocations', 'invocations', 'Times that function code was invoked.'),
  counter('Errors', 'errors', 'Invokes that ended with a function error.'),
  counter('Throttles', 'throttles', 'Invokes that were refused for want of concurrency.'),
  seconds('Duration', 'duration', 'How long function code ran per invoke, as in REPORT lines.'),
  seconds('InitDuration', 'init_duration', 'How long init took in invokes that started an environment.'),
  counter(
    'ProvisionedConcurrencyInvocations',
    'provisioned_invocations',
    'Invokes on provisioned concurrency.',
  ),
  counter(
    'ProvisionedConcurrencySpilloverInvocations',
    'provisioned_spillover_invocations',
    'Invokes beyond the provisioned concurrency.',
  ),
  counter('AsyncEventsReceived', 'async_events_received', 'Events that were accepted.'),
  counter('AsyncEventsDropped', 'async_events_dropped', 'Events that were given up.'),
  seconds('AsyncEventAge', 'async_event_age', 'From accepting an event to invoking its function.'),
  counter(
    'DestinationDeliveryFailures',
    'destination_delivery_failures',
    'Records that a destination did not take.',
  ),
  counter('DeadLetterErrors', 'dead_letter_errors', 'Events that a dead-letter queue did not take.'),
  counter('UrlRequestCount', 'url_requests', 'Requests to function URLs.'),
  counter('Url4xxCount', 'url_4xx', 'Requests to function URLs that were answered with a status 4xx.'),
  counter('Url5xxCount', 'url_5xx', 'Requests to function URLs that were answered with a status 5xx.'),
  seconds(
    'UrlRequestLatency',
    'url_request_latency',
    'From the head of a request to a function URL to the head of its answer.',
  ),
  counter('PolledEventCount', 'event_source_polled_events', 'Events that an event source mapping has read.'),
  counter(
    'FilteredOutEventCount',
    'event_source_filtered_out_events',
    'Events that no filter pattern wanted.',
  ),
  counter('InvokedEventCount', 'event_source_invoked_events', 'Events that the function was invoked with.'),
  counter('FailedInvokeEventCount', 'event_source_failed_invoke_events', 'Events whose invoke failed.'),
  counter(
    'DeletedEventCount',
    'event_source_deleted_events',
    'Events that were deleted from the queue once processed.',
  ),
  counter('NumberOfMessagesSent', 'sqs_messages_sent', 'Messages that were added to a queue.'),
  counter('NumberOfMessagesReceived', 'sqs_messages_received', 'Messages that were handed out.'),
  counter('NumberOfMessagesDeleted', 'sqs_messages_deleted', 'Messages that were deleted by receipt.'),
];

const labels: Readonly<Record<string, string>> = {
  FunctionName: 'function_name',
  EventSourceMappingUUID: 'event_source_mapping',
  QueueName: 'queue_name',
};

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export function expose(totals: Totals, gauges: readonly Gauge[], format: Format): Promise<string> {
  const registry = new Registry();
  registry.setContentType(contentTypes[format] as Parameters<Registry['setContentType']>[0]);
  for (const { metric, name, help, as } of exposedMetrics) {
    const known = totals.of(metric);
    if (as === 'counter') register(registry, name, help, 'counter', known.map(counterSample));
    else
      register(
        registry,
        name,
        help,
        'histogram',
        known.flatMap((total) => histogramSamples(name, total)),
      );
  }
  for (const { name, help, type, samples } of gauges) register(registry, name, help, type, samples);
  return registry.metrics();
}

/** A metric of the library counts for itself; ours are counted already. */
function register(
  registry: Registry,
  name: string,
  help: string,
  type: 'counter' | 'gauge' | 'histogram',
  values: readonly Sample[],
): void {
  const metric = { name, help, type, values, get: () => Promise.resolve(metric) };
  registry.registerMetric(metric as unknown as Metric);
}

const counterSample = (total: Total): Sample => ({ labels: labelsOf(total), value: total.values.sum });

const labelsOf = ({ dimension, value }: Total): Readonly<Record<string, string>> => ({
  [labels[dimension] ?? dimension]: value,
});

/** Upper bounds from 1 ms to 1,048.576 s, each twice the one before: they are bounds of the buckets that are kept. */
const doublings = Array.from({ length: 21 }, (_, index) => index);

function histogramSamples(name: string, total: Total): readonly Sample[] {
  const own = labelsOf(total);
  const { values } = total;
  return [
    ...doublings.map((doubling): Sample => ({
      metricName: `${name}_bucket`,
      labels: { ...own, le: bucketBound(doubling * bucketsPerDoubling) / 1_000 },
      value: countUpTo(values, doubling * bucketsPerDoubling),
    })),
    { metricName: `${name}_bucket`, labels: { ...own, le: '+Inf' }, value: values.count },
    { metricName: `${name}_sum`, labels: own, value: values.sum / 1_000 },
    { metricName: `${name}_count`, labels: own, value: values.count },
  ];
}

function countUpTo({ buckets }: Values, highest: number): number {
  let sum = 0;
  for (const [bucket, count] of buckets ?? []) if (bucket <= highest) sum += count;
  return sum;
}
