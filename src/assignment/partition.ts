/**
 * The shell of one partition: claims it, feeds its state, and carries out what the state wants done.
 *
 *     closed ──open──▶ claiming ──▶ leading ──conflict──▶ claiming (waits out the other leader's lease) ─▶ ...
 *
 * While it is not leading, invokes are answered `unavailable` and worker events wait.
 */
import { unreachable } from '#lib/assert';
import type { Counting } from '#counting';
import type { VersionRecord } from '#metadata';
import type { Placement } from '#placement';
import type { Cancel, Clock, Entropy, Journal } from '#platform';
import type { EnvironmentStatus, Worker, WorkerEvent } from '#worker';
import { unavailable } from './answers.ts';
import type { Assigned, ProvisionedStatus, ProvisionedUse } from './assignment.ts';
import { claim } from './claim.ts';
import type { ClaimOptions } from './claim.ts';
import type { Effect, Event } from './events.ts';
import { Ledger } from './ledger.ts';
import { earlyEventsMax, journalRetryMs } from './limits.ts';
import type { Limits } from './limits.ts';
import { environmentIdOf, journalName } from './partitioning.ts';
import type { Shared } from './pool.ts';
import { reconcile } from './reconcile.ts';
import { encodeEntry } from './records.ts';
import { PartitionState } from './state.ts';

export interface PartitionContext {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly counting: Counting;
  readonly placement: Placement;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly load: () => number;
  readonly limits: Limits;
  readonly shared: Shared;
  readonly holder: string;
  readonly takeover: ClaimOptions['takeover'];
  /** Lets the environment that has been idle for longest, in whichever partition, make room. */
  readonly makeRoom: () => void;
  /** All environments on all workers that can be asked, by partition, then by worker id. */
  readonly list: () => Promise<ReadonlyMap<number, ReadonlyMap<string, readonly EnvironmentStatus[]>>>;
}

const notLeading: Promise<Assigned> = Promise.resolve(unavailable('its partition has no leader here'));

export class Partition {
  readonly #number: number;
  readonly #context: PartitionContext;
  #state: PartitionState | undefined = undefined;
  #closed = false;
  #early: WorkerEvent[] = [];
  #lastTicket = 0;
  readonly #waiting = new Map<number, (assigned: Assigned) => void>();
  /** What is wanted of which generation; a new state is told all of it. */
  readonly #wanted = new Map<string, { readonly version: VersionRecord; readonly count: number }>();
  #armedAtMs = Infinity;
  #disarm: Cancel = () => undefined;

  constructor(number: number, context: PartitionContext) {
    this.#number = number;
    this.#context = context;
  }

  /** For tests. */
  get state(): PartitionState | undefined {
    return this.#state;
  }

  /** Becomes the leader. Rejects when the journal fails. */
  async open(takeover = this.#context.takeover): Promise<void> {
    const { journal, clock, holder, limits, shared, entropy, placement, workers, load } = this.#context;
    const name = journalName(this.#number);
    const claimed = await claim({ journal, name, clock, holder, takeover, leaseMs: limits.leaseMs });
    // Only after the claim: a leader that is fenced off can create nothing that this list would miss.
    const listed = (await this.#context.list()).get(this.#number) ?? new Map();
    if (this.#closed) return;
    const { environments } = claimed.replay;
    const { adopted, lost, orphans } = reconcile(environments, listed);
    const ledger = new Ledger({ ...claimed, environments: environments.values() }, limits);
    for (const id of lost) ledger.removed(id);
    for (const { record } of adopted) placement.adopted(record.workerId, record.memoryMb);
    for (const { workerId, environmentId } of orphans) destroy(workers.get(workerId), environmentId);
    const newId = (): string => environmentIdOf(this.#number, entropy.bytes(15));
    this.#state = new PartitionState({ limits, ledger, shared, newId, adopted, load }, clock.monotonicMs());
    for (const { record } of adopted) {
      if (shared.isRetired(record.generation)) this.retire(record.generation);
    }
    for (const { version, count } of this.#wanted.values()) this.#handle({ kind: 'want', version, count });
    const early = this.#early;
    this.#early = [];
    for (const event of early) this.#handle(event);
    this.#handle({ kind: 'tick' });
  }

  assign(version: VersionRecord): Promise<Assigned> {
    const state = this.#state;
    if (state === undefined) return notLeading;
    const assigned = state.take(version.generation, this.#context.clock.monotonicMs());
    if (assigned !== undefined) return Promise.resolve(assigned);
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      this.#handle({ kind: 'assign', ticket, version });
    });
  }

  want(version: VersionRecord, count: number): void {
    if (count > 0) this.#wanted.set(version.generation, { version, count });
    else this.#wanted.delete(version.generation);
    this.#handle({ kind: 'want', version, count });
  }

  provisioned(generation: string): ProvisionedStatus | undefined {
    return this.#state?.provisioned(generation);
  }

  provisionedUse(): readonly ProvisionedUse[] {
    return [...this.#wanted.values()].flatMap(({ version }) => {
      const status = this.provisioned(version.generation);
      return status === undefined ? [] : [{ version, status }];
    });
  }

  workerEvent(event: WorkerEvent): void {
    if (this.#state !== undefined) this.#handle(event);
    else if (!this.#closed && this.#early.length < earlyEventsMax) this.#early.push(event);
  }

  workerLost(workerId: string): void {
    this.#handle({ kind: 'worker-lost', workerId });
  }

  retire(generation: string): void {
    this.#wanted.delete(generation);
    this.#handle({ kind: 'retire', generation });
  }

  /** Monotonic ms since which the environment idle for longest has been so, or Infinity. */
  idleSinceMs(): number {
    return this.#state?.idleSinceMs() ?? Infinity;
  }

  yieldIdle(): void {
    this.#handle({ kind: 'yield' });
  }

  close(): void {
    this.#closed = true;
    this.#state = undefined;
    this.#disarm();
    for (const resolve of this.#waiting.values()) resolve(unavailable('shutting down'));
    this.#waiting.clear();
  }

  #handle(event: Event): void {
    const state = this.#state;
    if (state === undefined) return;
    for (const effect of state.handle(event, this.#context.clock.monotonicMs())) {
      // By far the most frequent one.
      if (effect.kind === 'answer') this.#answer(effect);
      else this.#run(effect, state);
    }
    this.#arm();
  }

  /** One timer for the whole partition; on the warm path it is neither set nor stopped, it only fires early and is set again. */
  #arm(): void {
    if (this.#state === undefined) return;
    const wakeAtMs = this.#state.wakeAtMs();
    if (wakeAtMs >= this.#armedAtMs) return;
    this.#disarm();
    this.#armedAtMs = wakeAtMs;
    const { clock } = this.#context;
    this.#disarm = clock.after(Math.max(0, wakeAtMs - clock.monotonicMs()), () => {
      this.#armedAtMs = Infinity;
      this.#handle({ kind: 'tick' });
    });
  }

  #answer({ ticket, assigned }: Extract<Effect, { kind: 'answer' }>): void {
    this.#waiting.get(ticket)?.(assigned);
    this.#waiting.delete(ticket);
  }

  #run(effect: Exclude<Effect, { kind: 'answer' }>, state: PartitionState): void {
    const { counting, placement, workers, journal } = this.#context;
    /** What comes of an effect goes to the state that wanted it, unless the partition was lost meanwhile. */
    const tell = (event: Event): void => {
      if (this.#state === state) this.#handle(event);
      else this.#late(event);
    };
    switch (effect.kind) {
      case 'admit': {
        const { environmentId, version } = effect;
        const failed = (error: unknown): void =>
          tell({ kind: 'start-failed', environmentId, message: messageOf(error) });
        counting
          .admitEnvironment(version.accountId, version.functionName)
          .then((admission) => tell({ kind: 'admitted', environmentId, admission }), failed);
        return;
      }
      case 'place': {
        const { environmentId, version, avoid } = effect;
        const { memoryMb } = version.configuration;
        const failed = (error: unknown): void =>
          tell({ kind: 'start-failed', environmentId, message: messageOf(error) });
        placement
          .place(version, avoid)
          .then((placed) => tell({ kind: 'placed', environmentId, placed, memoryMb }), failed);
        return;
      }
      case 'create': {
        const { environmentId, workerId, version, initialization } = effect;
        const worker = workers.get(workerId);
        const creation =
          worker === undefined
            ? Promise.reject(new Error(`worker ${workerId} is not known`))
            : worker.create({ environmentId, version, initialization });
        creation.then(
          (outcome) => tell({ kind: 'created', environmentId, workerId, outcome }),
          (error: unknown) => {
            const outcome = { kind: 'refused', reason: messageOf(error) } as const;
            tell({ kind: 'created', environmentId, workerId, outcome });
          },
        );
        return;
      }
      case 'destroy':
        destroy(workers.get(effect.workerId), effect.environmentId);
        return;
      case 'unplace':
        placement.removed(effect.workerId, effect.memoryMb);
        return;
      case 'append':
        journal.append(journalName(this.#number), effect.expected, effect.entries.map(encodeEntry)).then(
          (outcome) =>
            tell(
              outcome.kind === 'appended'
                ? { kind: 'appended', next: outcome.next }
                : { kind: 'append-conflict' },
            ),
          (error: unknown) =>
            tell({ kind: 'append-failed', message: `the journal cannot be written: ${messageOf(error)}` }),
        );
        return;
      case 'make-room':
        this.#context.makeRoom();
        return;
      case 'trim':
        // What is not trimmed now is trimmed after the next snapshot.
        journal.trim(journalName(this.#number), effect.before).catch(() => undefined);
        return;
      case 'step-down':
        this.#state = undefined;
        this.#disarm();
        this.#armedAtMs = Infinity;
        this.#reclaim();
        return;
      default:
        unreachable(effect);
    }
  }

  #reclaim(): void {
    this.open('after-lease').catch(() => {
      if (!this.#closed) this.#disarm = this.#context.clock.after(journalRetryMs, () => this.#reclaim());
    });
  }

  /** An answer for a state that is gone: what it took must be given back. */
  #late(event: Event): void {
    const { workers, placement } = this.#context;
    if (event.kind === 'created' && event.outcome.kind === 'created' && !this.#closed) {
      destroy(workers.get(event.workerId), event.environmentId);
    }
    if (event.kind === 'placed' && event.placed.kind === 'placed') {
      placement.removed(event.placed.workerId, event.memoryMb);
    }
  }
}

function destroy(worker: Worker | undefined, environmentId: string): void {
  // A worker that cannot be reached is either lost, which says so by itself, or sweeps what it does not know when it returns.
  worker?.destroy(environmentId).catch(() => undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
