/**
 * Event sources, put together: the mappings of the store, who polls which of them, and the pollers.
 *
 *     store ──watch──▶ mappings ──leases──▶ pollers of this member ──▶ frontend (synchronous)
 *
 * Of the kinds of sources only queues of SQS are polled; mappings of others are records that nothing reads yet.
 */
import type { Frontend } from '#frontend';
import { hash32 } from '#lib/hash';
import type { MetadataCache } from '#metadata';
import type { Clock, Documents, Entropy, Random, Revision } from '#platform';
import { obstacleOf, roleOf, type RoleMay } from './access.ts';
import { HeldBytes } from './held-bytes.ts';
import { invoker } from './invoker.ts';
import { Leases } from './leasing.ts';
import { type Limits, limitsDefault } from './limits.ts';
import { type MappingRecord, mappingRecordsPrefix } from './mapping.ts';
import { MappingWatch } from './mapping-watch.ts';
import { type PollerCount, QueuePoller } from './sqs/poller.ts';
import type { QueueDescription, SourceQueue } from './sqs/source-queue.ts';

export interface EventSourcesOptions {
  readonly accountId: string;
  readonly region: string;
  readonly documents: Documents;
  readonly metadata: Pick<MetadataCache, 'resolve'>;
  readonly frontend: Pick<Frontend, 'invoke'>;
  /** The queue as the function's role sees it now. `roleOf` is asked whenever the queue is. */
  readonly openQueue: (queueArn: string, roleOf: () => string | undefined) => SourceQueue;
  readonly roleMay: RoleMay;
  readonly clock: Clock;
  readonly random: Random;
  readonly entropy: Entropy;
  readonly limits?: Partial<Limits>;
  /** A fault of Lambkin's own, in an invoke. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
  /** Told of what is counted of a mapping, besides `counts`. */
  readonly onCount?: (uuid: string, counted: PollerCount) => void;
}

/** Of one mapping, since this process began. */
export interface MappingCounts {
  readonly received: number;
  readonly filteredOut: number;
  /** Messages that were put into batches which were invoked. */
  readonly invoked: number;
  /** Messages of batches whose invoke failed, and those that the function reported as failed. */
  readonly failed: number;
  /** Messages that were deleted after they were processed. */
  readonly deleted: number;
  readonly batchesDone: number;
  readonly batchesPartlyDone: number;
  readonly batchesFailed: number;
  readonly busy: number;
  readonly concurrency: number;
}

export interface EventSources {
  /** Begins to poll. Rejects when the store cannot be read. */
  start(): Promise<void>;
  /** Resolves once the pollers do as the mappings of that revision say: what was deleted or disabled is received from no more. */
  reached(revision: Revision): Promise<void>;
  /** What keeps a mapping from its work, for its owner. */
  problemOf(uuid: string): string | undefined;
  /** The queue as a role sees it, for the checks of a new mapping. */
  describeQueue(queueArn: string, roleArn: string): Promise<QueueDescription>;
  counts(): ReadonlyMap<string, MappingCounts>;
  /** Receives nothing more; invokes under way have `graceMs` to end, so that what they have done is deleted. */
  close(graceMs: number): Promise<void>;
}

type Tally = { -readonly [Count in keyof Omit<MappingCounts, 'busy' | 'concurrency'>]: number };

interface Polled {
  readonly poller: QueuePoller;
  readonly tally: Tally;
  mapping: MappingRecord;
}

export function createEventSources(options: EventSourcesOptions): EventSources {
  const { documents, metadata, roleMay, clock, random, entropy, onTrouble } = options;
  const limits: Limits = { ...limitsDefault, ...options.limits };
  const invoke = invoker({ ...options, uuid: () => entropy.uuid() });
  const held = new HeldBytes(limits.heldBytesMax);
  const memberId = entropy.uuid();
  const leases = new Leases(limits.leaseMs, (member, mapping) => hash32(`${member}/${mapping}`));
  const mappings = new Map<string, MappingRecord>();
  const polled = new Map<string, Polled>();
  /** Pollers that were stopped and have batches in work. */
  const ending = new Set<Promise<void>>();
  const closing = new AbortController();
  /** Said once, and not with every heartbeat. */
  let isFull = false;
  const watch = new MappingWatch({
    documents,
    prefix: mappingRecordsPrefix(options),
    clock,
    random,
    onChange: apply,
    onTrouble: (error) => onTrouble('the watch on event source mappings broke and is taken up again', error),
  });

  return {
    async start() {
      await watch.start();
      beatLater();
    },
    reached: (revision) => watch.reached(revision),
    problemOf(uuid) {
      const entry = polled.get(uuid);
      return entry && (obstacleOf(metadata, roleMay, entry.mapping) ?? entry.poller.problem);
    },
    describeQueue: (queueArn, roleArn) => options.openQueue(queueArn, () => roleArn).describe(),
    counts: () => new Map([...polled].map(([uuid, each]) => [uuid, countsOf(each)])),
    async close(graceMs) {
      closing.abort();
      await watch.close();
      await Promise.all([...polled.keys()].map(stop));
      leases.leave(memberId);
      if (ending.size === 0) return;
      let cancel: (() => void) | undefined;
      await Promise.race([
        Promise.all(ending),
        new Promise<void>((resolve) => (cancel = clock.after(graceMs, resolve))),
      ]);
      cancel?.();
    },
  };

  async function apply(changes: ReadonlyMap<string, MappingRecord | undefined>): Promise<void> {
    for (const [uuid, record] of changes) {
      if (record !== undefined && isPolled(record)) mappings.set(uuid, record);
      else mappings.delete(uuid);
    }
    await beat();
  }

  /** Has the pollers be those of the mappings that are this member's. */
  async function beat(): Promise<void> {
    if (closing.signal.aborted) return;
    const own = leases.heartbeat(memberId, [...mappings.keys()], new Set(polled.keys()), clock.monotonicMs());
    const stops: Promise<void>[] = [];
    for (const uuid of polled.keys()) if (!own.has(uuid)) stops.push(stop(uuid));
    for (const uuid of own) {
      const mapping = mappings.get(uuid);
      if (mapping !== undefined) poll(uuid, mapping);
    }
    await Promise.all(stops);
  }

  function beatLater(): void {
    if (closing.signal.aborted) return;
    const cancel = clock.after(limits.heartbeatMs, () => {
      closing.signal.removeEventListener('abort', cancel);
      void beat().then(beatLater);
    });
    closing.signal.addEventListener('abort', cancel, { once: true });
  }

  function poll(uuid: string, mapping: MappingRecord): void {
    const known = polled.get(uuid);
    if (known !== undefined) {
      if (known.mapping === mapping) return;
      known.mapping = mapping;
      known.poller.reconfigure(mapping);
      return;
    }
    if (polled.size >= limits.mappingsMax) {
      if (!isFull)
        onTrouble(`more than ${limits.mappingsMax} mappings: ${uuid} and more are not polled`, undefined);
      isFull = true;
      return;
    }
    isFull = false;
    const tally = noCounts();
    const roleNow = (): string | undefined => roleOf(metadata, entry.mapping);
    const poller = new QueuePoller({
      mapping,
      queue: options.openQueue(mapping.eventSourceArn ?? '', roleNow),
      invoke,
      obstacle: (current) => obstacleOf(metadata, roleMay, current),
      held,
      clock,
      random,
      limits,
      onCount(counted) {
        count(tally, counted);
        options.onCount?.(uuid, counted);
      },
    });
    const entry: Polled = { poller, tally, mapping };
    polled.set(uuid, entry);
    poller.start();
  }

  async function stop(uuid: string): Promise<void> {
    const entry = polled.get(uuid);
    if (entry === undefined) return;
    polled.delete(uuid);
    await entry.poller.stop();
    const end = entry.poller.idle().finally(() => ending.delete(end));
    ending.add(end);
  }
}

const isPolled = ({ kind, enabled, transition }: MappingRecord): boolean =>
  (kind === 'sqs' || kind === 'sqs-fifo') && enabled && transition !== 'Deleting';

const noCounts = (): Tally => ({
  received: 0,
  filteredOut: 0,
  invoked: 0,
  failed: 0,
  deleted: 0,
  batchesDone: 0,
  batchesPartlyDone: 0,
  batchesFailed: 0,
});

function count(
  tally: Tally,
  { received = 0, filteredOut = 0, invoked = 0, failed = 0, deleted = 0, outcome }: PollerCount,
): void {
  tally.received += received;
  tally.filteredOut += filteredOut;
  tally.invoked += invoked;
  tally.failed += failed;
  tally.deleted += deleted;
  if (outcome === 'done') tally.batchesDone += 1;
  if (outcome === 'partly-done') tally.batchesPartlyDone += 1;
  if (outcome === 'failed' || outcome === 'given-up') tally.batchesFailed += 1;
}

const countsOf = ({ poller, tally }: Polled): MappingCounts => ({
  ...tally,
  busy: poller.busy,
  concurrency: poller.concurrency,
});
