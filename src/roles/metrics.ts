/**
 * Metrics: what the other parts tell, or are asked for, is recorded; the API and /metrics show it.
 *
 *     worker, frontend, URLs, events, queues ──told as it happens──▶ recorder
 *     assignment, event sources, queues      ◀──asked, each minute───┘
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssignmentService } from '#assignment';
import type { EventInvoke, EventMetrics } from '#event-invoke';
import type { EventSources, MappingCounts } from '#event-sources';
import type { InvokeWatch, UrlOutcome } from '#frontend';
import type { RootIdentity } from '#identity';
import { type Gauge, type KnownMetric, type Metrics, metricsRoute, openMetrics } from '#metrics';
import { systemClock as clock, type Documents } from '#platform';
import type { QueueWatch, SqsQueues } from '#sqs';
import type { OpenRoute } from '#wire';
import type { FinishedRun, LocalWorker } from '#worker';
import type { Closing } from './closing.ts';
import type { LambkinOptions } from './options.ts';

/** Between two looks at how much of what is provisioned is in use. */
const lookMs = 10_000;

/** Queues whose depth is asked for in one minute. */
const queuesMax = 1_000;

export const metricsTokenFileName = 'metrics-token';

export interface RecordingParts {
  readonly accountId: string;
  readonly documents: Documents;
  readonly options: Pick<LambkinOptions, 'metricsRetentionMs'>;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

/** What is asked how things stand. */
export interface Observed {
  readonly assignment: Pick<AssignmentService, 'provisionedUse'>;
  readonly events: Pick<EventInvoke, 'census'>;
  readonly eventSources: Pick<EventSources, 'counts'>;
  readonly queues: Pick<SqsQueues, 'arns' | 'depth' | 'find'>;
  readonly worker: Pick<LocalWorker, 'list' | 'poolSize'>;
}

export interface Recording {
  readonly metrics: Metrics;
  /** Tellers, for those who record. */
  readonly watch: (invokedArn: string, version: string) => InvokeWatch;
  readonly onRan: (run: FinishedRun) => void;
  readonly events: EventMetrics;
  readonly queues: QueueWatch;
  readonly onAnswered: (outcome: UrlOutcome) => void;
  observe(observed: Observed): void;
}

export async function openRecording(parts: RecordingParts): Promise<Recording> {
  const { accountId, documents, options, trouble } = parts;
  const { metricsRetentionMs: retentionMs } = options;
  const metrics = openMetrics({
    accountId,
    documents,
    clock,
    onTrouble: trouble,
    ...(retentionMs !== undefined && { retentionMs }),
  });
  const { recorder } = metrics;
  await metrics.start();
  parts.closing.add(() => metrics.close());
  const ofEvent = (functionKey: string, metric: KnownMetric, value: number): void =>
    recorder.ofFunction(functionKey.slice(functionKey.indexOf('/') + 1)).add(metric, value);

  return {
    metrics,
    watch: (invokedArn, version) => recorder.invokes(invokedArn, version),
    onRan: ({ invokedArn, version, durationMs, initMs }) =>
      recorder.invokes(invokedArn, version).ran(durationMs, initMs),
    events: {
      received: (key) => ofEvent(key, 'AsyncEventsReceived', 1),
      age: (key, ageMs) => ofEvent(key, 'AsyncEventAge', ageMs),
      dropped: (key) => ofEvent(key, 'AsyncEventsDropped', 1),
      destinationFailed: (key) => ofEvent(key, 'DestinationDeliveryFailures', 1),
      deadLetterFailed: (key) => ofEvent(key, 'DeadLetterErrors', 1),
    },
    queues: {
      sent: (name, count) => recorder.ofQueue(name).add('NumberOfMessagesSent', count),
      received(name, count) {
        const series = recorder.ofQueue(name);
        if (count === 0) series.add('NumberOfEmptyReceives', 1);
        else series.add('NumberOfMessagesReceived', count);
      },
      deleted: (name) => recorder.ofQueue(name).add('NumberOfMessagesDeleted', 1),
    },
    onAnswered({ functionName, qualifier, statusCode, latencyMs }) {
      const series = recorder.ofResource(functionName, qualifier);
      series.add('UrlRequestCount', 1);
      series.add('Url4xxCount', statusCode >= 400 && statusCode < 500 ? 1 : 0);
      series.add('Url5xxCount', statusCode >= 500 ? 1 : 0);
      series.add('UrlRequestLatency', latencyMs);
    },
    observe(observed) {
      const mappings = mappingCollector(metrics, observed.eventSources);
      metrics.collect(mappings, 'before-fold');
      metrics.collect(spilloverCollector(metrics, observed.assignment), 'before-fold');
      metrics.collect(() => sampleQueues(metrics, observed.queues), 'each-minute');
      parts.closing.add(lookAtProvisioned(metrics, observed.assignment));
    },
  };
}

/** Counts that only grow, as what they grew by. */
class Growth {
  #known = new Map<string, number>();
  #seen = new Map<string, number>();

  of(key: string, value: number): number {
    this.#seen.set(key, value);
    const known = this.#known.get(key) ?? 0;
    // Less than before: it was begun anew.
    return value >= known ? value - known : value;
  }

  /** What was not asked for this time is forgotten. */
  next(): void {
    this.#known = this.#seen;
    this.#seen = new Map();
  }
}

function mappingCollector({ recorder }: Metrics, eventSources: Pick<EventSources, 'counts'>): () => void {
  const growth = new Growth();
  const names = [
    ['PolledEventCount', 'received'],
    ['FilteredOutEventCount', 'filteredOut'],
    ['InvokedEventCount', 'invoked'],
    ['FailedInvokeEventCount', 'failed'],
    ['DeletedEventCount', 'deleted'],
  ] as const satisfies readonly (readonly [KnownMetric, keyof MappingCounts])[];
  return () => {
    for (const [uuid, counts] of eventSources.counts()) {
      for (const [metric, count] of names) {
        const grown = growth.of(`${uuid} ${metric}`, counts[count]);
        if (grown > 0) recorder.ofMapping(uuid).add(metric, grown);
      }
    }
    growth.next();
  };
}

function spilloverCollector(
  { recorder }: Metrics,
  assignment: Pick<AssignmentService, 'provisionedUse'>,
): () => Promise<void> {
  const growth = new Growth();
  return async () => {
    for (const { version, status } of await assignment.provisionedUse()) {
      const { functionName, generation } = version;
      const series = recorder.ofResource(functionName, version.version);
      const add = (metric: KnownMetric, count: number): void => {
        const grown = growth.of(`${generation} ${metric}`, count);
        if (grown > 0) series.add(metric, grown);
      };
      add('ProvisionedConcurrencyInvocations', status.invocations);
      add('ProvisionedConcurrencySpilloverInvocations', status.spillovers);
    }
    growth.next();
  };
}

/** How much is in use, again and again; returns how to stop. */
function lookAtProvisioned(
  { recorder }: Metrics,
  assignment: Pick<AssignmentService, 'provisionedUse'>,
): () => void {
  let cancel = clock.after(lookMs, look);
  return () => cancel();

  function look(): void {
    cancel = clock.after(lookMs, look);
    void assignment.provisionedUse().then((uses) => {
      const functions = new Map<string, { busy: number; available: number }>();
      for (const { version, status } of uses) {
        const { functionName } = version;
        const sum = functions.get(functionName) ?? { busy: 0, available: 0 };
        sum.busy += status.busy;
        sum.available += status.available;
        functions.set(functionName, sum);
        sample(recorder.ofResourceAlone(functionName, version.version), status);
      }
      for (const [name, use] of functions) sample(recorder.ofFunctionAlone(name), use);
    });
  }

  function sample(
    series: ReturnType<typeof recorder.ofFunctionAlone>,
    { busy, available }: { readonly busy: number; readonly available: number },
  ): void {
    series.add('ProvisionedConcurrentExecutions', busy);
    if (available > 0) series.add('ProvisionedConcurrencyUtilization', busy / available);
  }
}

async function sampleQueues({ recorder }: Metrics, queues: Observed['queues']): Promise<void> {
  for (const arn of queues.arns().slice(0, queuesMax)) {
    const name = queues.find(arn)?.name;
    const depth = await queues.depth(arn);
    if (name === undefined || depth === undefined) continue;
    const series = recorder.ofQueue(name);
    series.add('ApproximateNumberOfMessagesVisible', depth.visible);
    series.add('ApproximateNumberOfMessagesNotVisible', depth.inFlight);
    series.add('ApproximateNumberOfMessagesDelayed', depth.delayed);
  }
}

/** /metrics; undefined where the operator wants none. */
export async function openMetricsRoute(
  { dataDirectory, metricsAccess = 'token' }: Pick<LambkinOptions, 'dataDirectory' | 'metricsAccess'>,
  root: Pick<RootIdentity, 'deriveKey'>,
  { metrics }: Recording,
  observed: Observed,
): Promise<OpenRoute | undefined> {
  if (metricsAccess === 'off') return undefined;
  const gauges = (): Promise<readonly Gauge[]> => gaugesOf(metrics, observed);
  if (metricsAccess === 'open') return metricsRoute({ metrics, gauges, token: 'open' });
  const token = Buffer.from(root.deriveKey('metrics-token')).toString('base64url');
  const path = join(dataDirectory, metricsTokenFileName);
  await writeFile(path, token, { mode: 0o600 });
  // It may have been there with wider rights.
  await chmod(path, 0o600);
  return metricsRoute({ metrics, gauges, token });
}

async function gaugesOf({ recorder }: Metrics, observed: Observed): Promise<readonly Gauge[]> {
  const { events, assignment, worker } = observed;
  const census = events.census();
  const statuses = new Map<string, number>([
    ['starting', 0],
    ['idle', 0],
    ['busy', 0],
    ['stopping', 0],
  ]);
  for (const { status } of await worker.list()) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const provisioned = await assignment.provisionedUse();
  const cpu = process.cpuUsage();
  const one = (name: string, help: string, value: number, type: Gauge['type'] = 'gauge'): Gauge => ({
    name,
    help,
    type,
    samples: [{ labels: {}, value }],
  });
  const by = (
    name: string,
    help: string,
    label: string,
    values: Iterable<readonly [string, number]>,
  ): Gauge => ({
    name,
    help,
    type: 'gauge',
    samples: [...values].map(([key, value]) => ({ labels: { [label]: key }, value })),
  });
  return [
    by('lambkin_concurrent_executions', 'Invokes under way.', 'function_name', recorder.running()),
    by('lambkin_environments', 'Execution environments, by what they do.', 'status', statuses),
    one('lambkin_pool_sandboxes', 'Sandboxes that wait for a function.', worker.poolSize),
    one(
      'lambkin_provisioned_environments',
      'Provisioned environments that can take an invoke or have one.',
      provisioned.reduce((sum, { status }) => sum + status.available, 0),
    ),
    by('lambkin_event_queue_depth', 'Events, by the shard that they stand in.', 'shard', census.shards),
    one('lambkin_events_busy', 'Events that are being worked on.', census.busy),
    one('process_cpu_seconds_total', 'CPU time of this process.', (cpu.user + cpu.system) / 1e6, 'counter'),
    one('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
    one('process_uptime_seconds', 'Since this process began.', process.uptime()),
  ];
}
