/** The shell of assignment: 64 partitions, each with its own state and journal, and the way from a version or an environment to its own. */
import type { Counting } from '#counting';
import type { Placement } from '#placement';
import type { Clock, Entropy, Journal } from '#platform';
import type { EnvironmentStatus, Worker } from '#worker';
import type { Assignment, Provisioning } from './assignment.ts';
import { limitsDefault, partitionsCount, retiredGenerationsMax } from './limits.ts';
import type { Limits } from './limits.ts';
import { Partition } from './partition.ts';
import type { PartitionContext } from './partition.ts';
import { partitionOfEnvironment, partitionOfVersion } from './partitioning.ts';
import { Shared } from './pool.ts';

export interface AssignmentOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly counting: Counting;
  readonly placement: Placement;
  /** By worker id; read whenever a worker is needed, so it may change. Their events must be brought to `workerEvent` once each. */
  readonly workers: ReadonlyMap<string, Worker>;
  /** Names this leader in the journal; the same after a restart of the same host. */
  readonly holder: string;
  /** `at-once` (default) where the data directory admits one process only; `after-lease` where another leader may be alive. */
  readonly takeover?: 'at-once' | 'after-lease';
  /** Which share of its time this process is at work, 0 to 1; by default nothing is known of it, and no invoke is held. */
  readonly load?: () => number;
  readonly limits?: Partial<Limits>;
}

export interface AssignmentService extends Assignment, Provisioning {
  /** Claims every partition, and reconciles what the journals say with what the workers have. Rejects when a journal fails. */
  start(): Promise<void>;
  /** A worker is lost or has left: its environments are gone. */
  workerLost(workerId: string): void;
  /** Answers what waits, and does nothing more. Environments are left to their workers. */
  close(): void;
}

type Listing = ReadonlyMap<number, ReadonlyMap<string, readonly EnvironmentStatus[]>>;

export function createAssignment(options: AssignmentOptions): AssignmentService {
  const limits: Limits = { ...limitsDefault, ...options.limits };
  const shared = new Shared(limits.idleEnvironmentsMax, retiredGenerationsMax);
  const { takeover = 'at-once', workers, load = () => 0 } = options;

  let listing: Promise<Listing> | undefined;
  /** Partitions that are claimed together share one list: it is fresher than each of their claims. */
  function list(): Promise<Listing> {
    listing ??= Promise.resolve().then(() => {
      listing = undefined;
      return listWorkers(workers);
    });
    return listing;
  }

  function makeRoom(): void {
    const [oldest] = partitions.toSorted((a, b) => a.idleSinceMs() - b.idleSinceMs());
    oldest?.yieldIdle();
  }

  const context: PartitionContext = { ...options, takeover, load, limits, shared, list, makeRoom };
  const partitions = Array.from({ length: partitionsCount }, (_, number) => new Partition(number, context));

  function partition(number: number): Partition {
    const found = partitions[number];
    if (found === undefined) throw new RangeError(`there is no partition ${number}`);
    return found;
  }

  return {
    async start() {
      await Promise.all(partitions.map((each) => each.open()));
    },
    assign: (version) => partition(partitionOfVersion(version)).assign(version),
    want: (version, count) => partition(partitionOfVersion(version)).want(version, count),
    async provisioned(version) {
      return partition(partitionOfVersion(version)).provisioned(version.generation);
    },
    async provisionedUse() {
      return partitions.flatMap((each) => each.provisionedUse());
    },
    workerEvent(_workerId, event) {
      const number = partitionOfEnvironment(event.environmentId);
      if (number !== undefined) partition(number).workerEvent(event);
    },
    retire(generation) {
      shared.retire(generation);
      for (const each of partitions) each.retire(generation);
    },
    workerLost(workerId) {
      for (const each of partitions) each.workerLost(workerId);
    },
    close() {
      for (const each of partitions) each.close();
    },
  };
}

/** A worker that does not answer is left out: what the journals say of it is then removed, as of a worker that is lost. */
async function listWorkers(workers: ReadonlyMap<string, Worker>): Promise<Listing> {
  const listing = new Map<number, Map<string, EnvironmentStatus[]>>();
  const ask = async ([workerId, worker]: [string, Worker]): Promise<void> => {
    const statuses = await worker.list().catch(() => []);
    for (const status of statuses) {
      const number = partitionOfEnvironment(status.environmentId);
      if (number === undefined) continue;
      const byWorker = listing.get(number) ?? new Map<string, EnvironmentStatus[]>();
      listing.set(number, byWorker);
      const here = byWorker.get(workerId) ?? [];
      byWorker.set(workerId, here);
      here.push(status);
    }
  };
  await Promise.all([...workers].map(ask));
  return listing;
}
