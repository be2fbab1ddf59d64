/** The environments and waiting invokes of one generation, and the intrusive lists that hold them. */
import type { VersionRecord } from '#metadata';
import type { Assigned } from './assignment.ts';
import { Link, LinkedList } from './linked-list.ts';
import { Provision } from './provision.ts';
import { Turn, Turnaround } from './turnaround.ts';

export type EnvironmentState =
  | 'admitting'
  | 'resting'
  | 'placing'
  | 'creating'
  | 'idle'
  | 'busy'
  | 'retiring';

export class Environment {
  readonly id: string;
  readonly pool: Pool;
  readonly memoryMb: number;
  state: EnvironmentState;
  workerId: string | undefined = undefined;
  /** 1 for the first worker tried, and the workers that have refused before. */
  readonly attempt: number;
  refusedBy: ReadonlySet<string>;
  readonly refusal: string | undefined;
  /** The two things that a start needs before the environment is handed out. */
  isCreated = false;
  isDurable = false;
  /** Started to be kept ready, before anybody needs it. */
  readonly isProvisioned: boolean;
  /** Whether it has come back from an invoke. */
  hasServed = false;
  /** When it began to start, or became idle. */
  sinceMs: number;
  restingSinceMs = -Infinity;
  readonly turn = new Turn();
  /** When its start was over; an earlier leader's: long ago. */
  startedAtMs = -Infinity;
  /** What an invoke that gets it is told: made once, not per invoke. */
  assigned: Assigned | undefined = undefined;
  /** In the idle stack of its pool. */
  readonly inPool: Link<Environment> = new Link(this);
  /** In the partition's list of idle or of starting environments, oldest first. */
  readonly byAge: Link<Environment> = new Link(this);
  /** In the partition's list of starts that rest, longest first. */
  readonly byRest: Link<Environment> = new Link(this);

  constructor(
    id: string,
    pool: Pool,
    state: EnvironmentState,
    memoryMb: number,
    nowMs: number,
    more: {
      readonly attempt?: number;
      readonly refusedBy?: ReadonlySet<string>;
      readonly refusal?: string;
      readonly provisioned?: boolean;
    } = {},
  ) {
    this.id = id;
    this.pool = pool;
    this.state = state;
    this.memoryMb = memoryMb;
    this.sinceMs = nowMs;
    this.attempt = (more.attempt ?? 0) + 1;
    this.refusedBy = more.refusedBy ?? nobody;
    this.refusal = more.refusal;
    this.isProvisioned = more.provisioned ?? false;
  }

  get isStarting(): boolean {
    return startingStates.has(this.state);
  }
}

const nobody: ReadonlySet<string> = new Set();
const startingStates: ReadonlySet<EnvironmentState> = new Set([
  'admitting',
  'resting',
  'placing',
  'creating',
]);

/** An invoke that waits. The ticket means something to the shell only. */
export class Waiter {
  readonly ticket: number;
  readonly deadlineMs: number;
  readonly inPool: Link<Waiter> = new Link(this);
  readonly byAge: Link<Waiter> = new Link(this);

  constructor(ticket: number, deadlineMs: number) {
    this.ticket = ticket;
    this.deadlineMs = deadlineMs;
  }
}

export class Pool {
  readonly generation: string;
  /** Undefined while only adopted environments are known: no invoke has named the version yet. */
  version: VersionRecord | undefined;
  retired = false;
  /** Most recently used first, each: those that are kept ready, and those that end when nobody has used them for long. */
  readonly kept = new LinkedList<Environment>();
  readonly idle = new LinkedList<Environment>();
  readonly provision = new Provision();
  /** First come, first served. */
  readonly waiters = new LinkedList<Waiter>();
  readonly turnaround = new Turnaround();
  /** Invokes that wait for an environment to come back, since when there are any, and how many had come back at the last look. */
  readonly held = new LinkedList<Waiter>();
  heldSinceMs = -Infinity;
  returnsSeen = 0;
  /** Until then holding would be of no use. */
  notHeldBeforeMs = -Infinity;
  /** Environments of the pool in any state, and those of them that are starting because an invoke waited. */
  environments = 0;
  starting = 0;

  constructor(generation: string, version: VersionRecord | undefined) {
    this.generation = generation;
    this.version = version;
  }
}

/** What all partitions of one process share: a bound on idle environments, and which generations are retired. */
export class Shared {
  readonly idleMax: number;
  idle = 0;
  readonly #retiredMax: number;
  readonly #retired = new Set<string>();

  constructor(idleMax: number, retiredMax: number) {
    this.idleMax = idleMax;
    this.#retiredMax = retiredMax;
  }

  retire(generation: string): void {
    this.#retired.add(generation);
    if (this.#retired.size <= this.#retiredMax) return;
    for (const oldest of this.#retired) {
      this.#retired.delete(oldest);
      return;
    }
  }

  isRetired(generation: string): boolean {
    return this.#retired.has(generation);
  }
}
