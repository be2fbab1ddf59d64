/** What is counted elsewhere, recorded: asked for before every fold, once a minute, or every few seconds. */
import type { AssignmentService } from '#assignment';
import type { EventSources, MappingCounts } from '#event-sources';
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

/** Of event source mappings. */
export function mappingCollector(
  { recorder }: Metrics,
  eventSources: Pick<EventSources, 'counts'>,
): () => void {
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

/** How many invokes got what is provisioned, and how many did not. */
export function provisionedCollector(
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
export function lookAtProvisioned(
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
        sampleUse(recorder.ofResourceAlone(functionName, version.version), status);
      }
      for (const [name, use] of functions) sampleUse(recorder.ofFunctionAlone(name), use);
    });
  }
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
