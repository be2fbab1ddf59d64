/**
 * Metrics: what the other parts tell, or are asked for, is recorded; the API and /metrics show it.
 *
 *     worker, frontend, URLs, events, event sources, queues ──told as it happens──▶ recorder
 *     assignment, queues                                    ◀──asked, each minute───┘
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventMetrics } from '#event-invoke';
import type { PollerCount } from '#event-sources';
import type { InvokeWatch, UrlOutcome } from '#frontend';
import type { RootIdentity } from '#identity';
import { type KnownMetric, type Metrics, metricsRoute, openMetrics } from '#metrics';
import { systemClock as clock, type Documents } from '#platform';
import type { QueueWatch } from '#sqs';
import type { OpenRoute } from '#wire';
import type { FinishedRun } from '#worker';
import type { Closing } from './closing.ts';
import { lookAtProvisioned, provisionedCollector, sampleQueues } from './metric-collectors.ts';
import { gaugesOf, type Observed } from './metric-gauges.ts';
import type { LambkinOptions } from './options.ts';

export const metricsTokenFileName = 'metrics-token';

export interface RecordingParts {
  readonly accountId: string;
  readonly documents: Documents;
  readonly options: Pick<LambkinOptions, 'metricsRetentionMs'>;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

export interface Recording {
  readonly metrics: Metrics;
  /** Tellers, for those who record. */
  readonly watch: (invokedArn: string, version: string) => InvokeWatch;
  readonly onRan: (run: FinishedRun) => void;
  readonly events: EventMetrics;
  readonly onPolled: (uuid: string, counted: PollerCount) => void;
  readonly queues: QueueWatch;
  readonly onAnswered: (outcome: UrlOutcome) => void;
  observe(observed: Observed): void;
}

const polled = [
  ['received', 'PolledEventCount'],
  ['filteredOut', 'FilteredOutEventCount'],
  ['invoked', 'InvokedEventCount'],
  ['failed', 'FailedInvokeEventCount'],
  ['deleted', 'DeletedEventCount'],
] as const satisfies readonly (readonly [keyof PollerCount, KnownMetric])[];

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
    onPolled(uuid, counted) {
      const series = recorder.ofMapping(uuid);
      for (const [count, metric] of polled) {
        const value = counted[count] ?? 0;
        if (value > 0) series.add(metric, value);
      }
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
      metrics.collect(provisionedCollector(metrics, observed), 'before-fold');
      metrics.collect(() => sampleQueues(metrics, observed.queues), 'each-minute');
      parts.closing.add(lookAtProvisioned(metrics, observed));
    },
  };
}

/** /metrics; undefined where the operator wants none. */
export async function openMetricsRoute(
  { dataDirectory, metricsAccess = 'token' }: Pick<LambkinOptions, 'dataDirectory' | 'metricsAccess'>,
  root: Pick<RootIdentity, 'deriveKey'>,
  { metrics }: Recording,
  observed: Observed,
): Promise<OpenRoute | undefined> {
  if (metricsAccess === 'off') return undefined;
  const gauges = (): ReturnType<typeof gaugesOf> => gaugesOf(metrics, observed);
  if (metricsAccess === 'open') return metricsRoute({ metrics, gauges, token: undefined });
  const token = Buffer.from(root.deriveKey('metrics-token')).toString('base64url');
  const path = join(dataDirectory, metricsTokenFileName);
  await writeFile(path, token, { mode: 0o600 });
  // It may have been there with wider rights.
  await chmod(path, 0o600);
  return metricsRoute({ metrics, gauges, token });
}
