/**
 * Who is there in one partition: its pools, environments and waiting invokes, and the lists that order them. It keeps the counts
 * and lists true; what should happen is decided in state.ts.
 */
import { assert } from '#lib/assert';
import type { VersionRecord } from '#metadata';
import { LinkedList } from './linked-list.ts';
import { Pool, Waiter } from './pool.ts';
import type { Environment, EnvironmentState, Shared } from './pool.ts';

export class Roster {
  readonly #shared: Shared;
  readonly #pools = new Map<string, Pool>();
  readonly #environments = new Map<string, Environment>();
  /** Oldest first, each: what a tick looks at. */
  readonly #idle = new LinkedList<Environment>();
  readonly #starting = new LinkedList<Environment>();
  readonly #keptStarting = new LinkedList<Environment>();
  readonly #resting = new LinkedList<Environment>();
  readonly #waiters = new LinkedList<Waiter>();
  /** Idle environments that are kept ready: in no list of the partition, for they do not grow too old. */
  #keptIdle = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  get size(): number {
    return this.#environments.size;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get oldestIdle(): Environment | undefined {
    return this.#idle.first;
  }

  get oldestStarting(): Environment | undefined {
    return this.#starting.first;
  }

  get oldestKeptStarting(): Environment | undefined {
    return this.#keptStarting.first;
  }

  get longestResting(): Environment | undefined {
    return this.#resting.first;
  }

  get hasIdle(): boolean {
    return this.#keptIdle + this.#idle.size > 0;
  }

  get oldestWaiter(): Waiter | undefined {
    return this.#waiters.first;
  }

  get idleIsFull(): boolean {
    return this.#shared.idle > this.#shared.idleMax;
  }

  environments(): Iterable<Environment> {
    return this.#environments.values();
  }

  pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  pool(generation: string): Pool | undefined {
    return this.#pools.get(generation);
  }

  find(id: string): Environment | undefined {
    return this.#environments.get(id);
  }

  findIn(id: string, state: EnvironmentState): Environment | undefined {
    const environment = this.#environments.get(id);
    return environment?.state === state ? environment : undefined;
  }

  poolOf(generation: string, version: VersionRecord | undefined): Pool {
    let pool = this.#pools.get(generation);
    if (pool === undefined) {
      pool = new Pool(generation, version);
      this.#pools.set(generation, pool);
    }
    return pool;
  }

  dropIfEmpty(pool: Pool): void {
    const isWanted = pool.provision.wanted > 0 && !pool.retired;
    if (pool.environments === 0 && pool.waiters.size + pool.held.size === 0 && !isWanted)
      this.#pools.delete(pool.generation);
  }

  add(environment: Environment): void {
    assert(!this.#environments.has(environment.id), 'an environment id is used once');
    this.#environments.set(environment.id, environment);
    environment.pool.environments += 1;
    this.#count(environment, 1);
    if (!environment.isStarting) return;
    (environment.isProvisioned ? this.#keptStarting : this.#starting).addLast(environment.byAge);
  }

  /** The start waits a little before it goes on. */
  rest(environment: Environment, nowMs: number): void {
    environment.state = 'resting';
    environment.restingSinceMs = nowMs;
    this.#resting.addLast(environment.byRest);
  }

  rested(environment: Environment): void {
    environment.byRest.leave();
  }

  /** Those of the pool that are starting to be kept ready, the latest first. */
  startsOf(pool: Pool): readonly Environment[] {
    const starts: Environment[] = [];
    for (let link = this.#keptStarting.first?.byAge; link !== undefined; link = link.after) {
      if (link.owner.pool === pool) starts.push(link.owner);
    }
    return starts.toReversed();
  }

  /** A start has ended well: the environment is busy until somebody says otherwise. */
  started(environment: Environment, nowMs: number): void {
    assert(environment.isStarting, 'only what starts can have started');
    environment.byAge.leave();
    this.#count(environment, -1);
    environment.state = 'busy';
    environment.startedAtMs = nowMs;
    this.#count(environment, 1);
  }

  enterIdle(environment: Environment, nowMs: number): void {
    environment.state = 'idle';
    environment.sinceMs = nowMs;
    const { pool, isProvisioned } = environment;
    if (isProvisioned && pool.provision.wanted > 0) {
      pool.kept.addFirst(environment.inPool);
      this.#keptIdle += 1;
      return;
    }
    pool.idle.addFirst(environment.inPool);
    this.#idle.addLast(environment.byAge);
    this.#shared.idle += 1;
  }

  leaveIdle(environment: Environment, to: 'busy' | 'retiring'): void {
    assert(environment.state === 'idle', 'only an idle environment leaves the idle ones');
    environment.state = to;
    const isKept = environment.inPool.list === environment.pool.kept;
    environment.inPool.leave();
    if (isKept) {
      this.#keptIdle -= 1;
      return;
    }
    environment.byAge.leave();
    this.#shared.idle -= 1;
  }

  /** An invoke has it from now on. */
  handedOut(environment: Environment, nowMs: number): void {
    environment.pool.turnaround.begin(environment.turn, nowMs);
    environment.pool.provision.invoked(environment.isProvisioned);
  }

  /** Its invoke is over. */
  cameBack(environment: Environment, nowMs: number): void {
    environment.hasServed = true;
    environment.pool.turnaround.end(environment.turn, nowMs);
  }

  /** Idle environments of an earlier leader, started to be kept ready, are so now. */
  keepIdle(pool: Pool): void {
    for (let link = pool.idle.first?.inPool; link !== undefined;) {
      const { owner } = link;
      link = link.after;
      if (!owner.isProvisioned) continue;
      this.leaveIdle(owner, 'busy');
      owner.state = 'idle';
      pool.kept.addFirst(owner.inPool);
      this.#keptIdle += 1;
    }
  }

  /** It takes no more invokes. */
  retire(environment: Environment): void {
    this.#count(environment, -1);
    if (environment.state === 'idle') this.leaveIdle(environment, 'retiring');
    environment.state = 'retiring';
  }

  remove(environment: Environment): void {
    this.#count(environment, -1);
    if (environment.state === 'idle') this.leaveIdle(environment, 'retiring');
    environment.byAge.leave();
    environment.byRest.leave();
    environment.pool.turnaround.lose(environment.turn);
    environment.pool.environments -= 1;
    this.#environments.delete(environment.id);
  }

  addWaiter(pool: Pool, ticket: number, deadlineMs: number): void {
    const waiter = new Waiter(ticket, deadlineMs);
    pool.waiters.addLast(waiter.inPool);
    this.#waiters.addLast(waiter.byAge);
  }

  removeWaiter(waiter: Waiter): void {
    waiter.inPool.leave();
    waiter.byAge.leave();
  }

  clear(): void {
    assert(this.#waiters.size === 0, 'every waiting invoke is answered before its partition is given up');
    this.#shared.idle -= this.#idle.size;
    while (this.#idle.first !== undefined) this.#idle.first.byAge.leave();
    while (this.#starting.first !== undefined) this.#starting.first.byAge.leave();
    while (this.#keptStarting.first !== undefined) this.#keptStarting.first.byAge.leave();
    while (this.#resting.first !== undefined) this.#resting.first.byRest.leave();
    this.#keptIdle = 0;
    this.#environments.clear();
    this.#pools.clear();
  }

  /** Keeps the pool's counts, by the state that the environment is in. */
  #count({ pool, isProvisioned, isStarting, state }: Environment, by: 1 | -1): void {
    if (state === 'retiring') return;
    if (isProvisioned && isStarting) pool.provision.starting += by;
    else if (isProvisioned) pool.provision.ready += by;
    else if (isStarting) pool.starting += by;
  }
}
