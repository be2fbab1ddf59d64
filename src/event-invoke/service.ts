/**
 * Event invoke, put together: the event frontend, the shards and their manager, the leases, the pollers, and what settles events.
 *
 *     Invoke (Event) ─▶ event frontend ─▶ shards ─▶ pollers ─▶ frontend (synchronous) ─▶ deleted, put back, or settled
 *                             └──────── placement ◀── layout ◀── queue manager ◀────────────────┘ what was seen
 */
import type { Frontend } from '#frontend';
import type { MetadataCache } from '#metadata';
import type { Clock, Documents, Entropy, Queue, Random } from '#platform';
import type { Handlers } from '#wire';
import { type Accept, type Accepting, eventFrontend } from './accept.ts';
import type { ReportFault } from './attempt.ts';
import { Depths } from './depths.ts';
import type { EventTargets } from './destinations.ts';
import { withEventInvoke } from './handlers.ts';
import { lambdaTarget, type RoleMay } from './lambda-target.ts';
import { LayoutKeeper } from './layout-keeper.ts';
import { Leasing } from './leasing.ts';
import { floodAcceptsMin, type Limits, limitsDefault } from './limits.ts';
import { EventCounters, type EventCounts, type EventMetrics, tellingBoth } from './metrics.ts';
import { type Layout, Placement, shardsOf } from './placement.ts';
import { Poller } from './poller.ts';
import { processing } from './processing.ts';
import type { Sample } from './queue-manager.ts';
import { Settling } from './settling.ts';
import { Traffic } from './traffic.ts';

export interface EventInvokeOptions {
  readonly accountId: string;
  readonly region: string;
  readonly documents: Documents;
  readonly queue: Queue;
  readonly metadata: MetadataCache;
  readonly frontend: Pick<Frontend, 'invoke'>;
  /** Services beside Lambda that records and dead letters may go to. */
  readonly targets?: EventTargets;
  readonly roleMay: RoleMay;
  readonly clock: Clock;
  readonly random: Random;
  readonly entropy: Entropy;
  readonly limits?: Partial<Limits>;
  readonly reportFault: ReportFault;
  readonly onTrouble: (message: string, error: unknown) => void;
  /** Told of what is counted, besides the census. */
  readonly metrics?: EventMetrics;
}

export interface EventCensus extends EventCounts {
  /** Events by shard, as far as this process knows. */
  readonly shards: ReadonlyMap<string, number>;
  readonly layout: Layout;
  /** Events that are being worked on. */
  readonly busy: number;
}

export interface EventInvoke {
  /** The handlers of all invokes: those of the synchronous ones, with Invoke of type Event and InvokeAsync. */
  handlers(synchronous: Handlers): Handlers;
  /** Resolves once the event is durable; throws WireError for what AWS refuses. */
  readonly accept: Accept;
  census(): EventCensus;
  /** Begins to work on events. */
  start(): void;
  /** Works on nothing more after `graceMs`; what is not done then is done after the next start. */
  close(graceMs: number): Promise<void>;
}

export async function openEventInvoke(options: EventInvokeOptions): Promise<EventInvoke> {
  const { documents, queue, clock, random, entropy, region, onTrouble } = options;
  const limits: Limits = { ...limitsDefault, ...options.limits };
  const depths = new Depths();
  const keeper = await LayoutKeeper.open({ documents, queue, clock, limits, depths, onTrouble });
  const counters = new EventCounters();
  const metrics = options.metrics === undefined ? counters : tellingBoth(counters, options.metrics);
  const traffic = new Traffic();
  const placement = new Placement(keeper.layout, limits.shardsPerFunction);
  const leasing = new Leasing(shardsOf(keeper.layout), limits.leaseMs);
  const nowMs = steadyClock(clock);

  const accepting: Accepting = { count: 0 };
  const accept = eventFrontend({
    ...options,
    accepting,
    placement,
    depths,
    metrics,
    limits,
    nowMs,
    onSent(shard, functionKey) {
      traffic.sent(functionKey);
      ring(shard, 0);
    },
  });
  const roleMay = options.roleMay;
  const place = { accountId: options.accountId, region };
  const targets: EventTargets = {
    ...options.targets,
    lambda: lambdaTarget({ place, accept, roleMay, uuid: () => entropy.uuid() }),
  };
  const settling = new Settling({
    region,
    targets,
    metrics,
    limits,
    clock,
    random,
    nowMs,
    onTrouble: (message, fields) => onTrouble(message, new Error(JSON.stringify(fields))),
  });
  let firstAgeMsMax = 0;
  const process = processing({
    ...options,
    settling,
    metrics,
    nowMs,
  });
  const pollerIds = Array.from({ length: limits.pollers }, () => entropy.uuid());
  const pollers = pollerIds.map((id) => {
    return new Poller({
      id,
      queue,
      clock,
      limits,
      placement,
      depths,
      heartbeat: (held) => Promise.resolve(beat(id, held)),
      async process(event) {
        if (event.invokes === 0 && event.refusals === 0 && event.settlement === undefined) {
          firstAgeMsMax = Math.max(firstAgeMsMax, nowMs() - event.acceptedAtMs);
        }
        return process(event);
      },
      place: (functionKey) => placement.choose(functionKey, depths.of, random.next()),
      isFlooded: () => accepting.count >= floodAcceptsMin,
      onReturned: ring,
      onProcessed: (functionKey, processed) => traffic.processed(functionKey, processed),
      onTrouble,
    });
  });

  return {
    handlers: (synchronous) => withEventInvoke(synchronous, accept),
    accept,
    census: () => ({
      ...counters.counts(),
      shards: depths.all(),
      layout: placement.layout,
      busy: pollers.reduce((sum, { busy }) => sum + busy, 0),
    }),
    start() {
      for (const id of pollerIds) leasing.join(id, clock.monotonicMs());
      for (const poller of pollers) poller.start();
      keeper.start(sample, apply);
    },
    async close(graceMs) {
      keeper.stop();
      await Promise.all(pollers.map((poller) => poller.stop(graceMs)));
    },
  };

  function beat(id: string, held: readonly string[]): readonly string[] {
    const leased = leasing.heartbeat(id, held, clock.monotonicMs());
    // What one has given up the others hear of at once.
    if (leasing.hasFree(clock.monotonicMs())) setImmediate(offer);
    return leased;
  }

  function offer(): void {
    if (!leasing.hasFree(clock.monotonicMs())) return;
    for (const poller of pollers) poller.lookForLeases();
  }

  function sample(): Omit<Sample, 'depthOf'> {
    const seen = { functions: traffic.take(), firstAgeMsMax };
    firstAgeMsMax = 0;
    return seen;
  }

  function apply(layout: Layout): void {
    placement.replace(layout);
    leasing.setShards(shardsOf(layout));
    for (const poller of pollers) poller.lookForLeases();
  }

  function ring(shard: string, delayMs: number): void {
    for (const poller of pollers) poller.ring(shard, delayMs);
  }
}

/** Wall-clock time when this process began, monotonic from then on: a wall clock that jumps makes no event older or younger. */
function steadyClock(clock: Clock): () => number {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  return () => Math.round(offsetMs + clock.monotonicMs());
}
