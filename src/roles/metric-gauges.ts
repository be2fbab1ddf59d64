/** How things stand at the moment of a scrape. */
import type { AssignmentService } from '#assignment';
import type { EventInvoke } from '#event-invoke';
import type { WatchedMetadata } from '#metadata';
import type { Gauge, Metrics } from '#metrics';
import type { SqsQueues } from '#sqs';
import type { LocalWorker } from '#worker';

/** What is asked how things stand. */
export interface Observed {
  readonly assignment: Pick<AssignmentService, 'provisionedUse'>;
  readonly metadata: Pick<WatchedMetadata, 'provisionedFor'>;
  readonly events: Pick<EventInvoke, 'census'>;
  readonly queues: Pick<SqsQueues, 'arns' | 'depth' | 'find'>;
  readonly worker: Pick<LocalWorker, 'list' | 'poolSize'>;
}

export async function gaugesOf({ recorder }: Metrics, observed: Observed): Promise<readonly Gauge[]> {
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
