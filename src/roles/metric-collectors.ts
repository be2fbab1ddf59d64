/** What others count or know, recorded: asked for before every fold, once a minute, or every few seconds. */
import type { AssignmentService } from '#assignment';
import type { WatchedMetadata } from '#metadata';
import type { KnownMetric, Metrics, Series } from '#metrics';
import { systemClock as clock } from '#platform';
import type { SqsQueues } from '#sqs';

/** Between two looks at how much of what is provisioned is in use. */
const lookMs = 10_000;

/** Queues whose depth is asked for in one minute. */
const queuesMax = 1_000;

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

export interface Provisioned {
  readonly assignment: Pick<AssignmentService, 'provisionedUse'>;
  readonly metadata: Pick<WatchedMetadata, 'provisionedFor'>;
}

/** How many invokes got what is provisioned, and how many did not. */
export function provisionedCollector(
  { recorder }: Metrics,
  { assignment, metadata }: Provisioned,
): () => Promise<void> {
  const growth = new Growth();
  return async () => {
    for (const { version, status } of await assignment.provisionedUse()) {
      const { accountId, functionName, generation } = version;
      const qualifier = metadata.provisionedFor(accountId, functionName, version.version);
      const series = recorder.ofResource(functionName, qualifier, version.version);
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
export function lookAtProvisioned({ recorder }: Metrics, provisioned: Provisioned): () => void {
  let cancel = clock.after(lookMs, look);
  return () => cancel();

  function look(): void {
    cancel = clock.after(lookMs, look);
    void useOf(provisioned).then((uses) => {
      for (const { functionName, qualifier, ...use } of uses) {
        const series =
          qualifier === undefined
            ? recorder.ofFunctionAlone(functionName)
            : recorder.ofResourceAlone(functionName, qualifier);
        sampleUse(series, use);
      }
    });
  }
}

interface Use {
  readonly functionName: string;
  /** Absent: of all of the function. */
  readonly qualifier: string | undefined;
  busy: number;
  available: number;
}

/** By function, and by alias or version. */
async function useOf({ assignment, metadata }: Provisioned): Promise<readonly Use[]> {
  const sums = new Map<string, Use>();
  for (const { version, status } of await assignment.provisionedUse()) {
    const { accountId, functionName } = version;
    const named = metadata.provisionedFor(accountId, functionName, version.version);
    for (const qualifier of [undefined, named]) {
      const key = `${functionName}:${qualifier ?? ''}`;
      const sum = sums.get(key) ?? { functionName, qualifier, busy: 0, available: 0 };
      sum.busy += status.busy;
      sum.available += status.available;
      sums.set(key, sum);
    }
  }
  return [...sums.values()];
}

function sampleUse(
  series: Series,
  { busy, available }: { readonly busy: number; readonly available: number },
): void {
  series.add('ProvisionedConcurrentExecutions', busy);
  if (available > 0) series.add('ProvisionedConcurrencyUtilization', busy / available);
}

/** How many messages stand in queues. */
export async function sampleQueues(
  { recorder }: Metrics,
  queues: Pick<SqsQueues, 'arns' | 'depth' | 'find'>,
): Promise<void> {
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
