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
  readonly #waiters = new LinkedList<Waiter>();

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
    if (pool.environments === 0 && pool.waiters.size === 0) this.#pools.delete(pool.generation);
  }

  add(environment: Environment): void {
    assert(!this.#environments.has(environment.id), 'an environment id is used once');
    this.#environments.set(environment.id, environment);
    environment.pool.environments += 1;
    if (!environment.isStarting) return;
    environment.pool.starting += 1;
    this.#starting.addLast(environment.byAge);
  }

  /** A start has ended well: the environment is busy until somebody says otherwise. */
  started(environment: Environment): void {
    assert(environment.isStarting, 'only what starts can have started');
    environment.byAge.leave();
    environment.pool.starting -= 1;
    environment.state = 'busy';
  }

  enterIdle(environment: Environment, nowMs: number): void {
    environment.state = 'idle';
    environment.sinceMs = nowMs;
    environment.pool.idle.addFirst(environment.inPool);
    this.#idle.addLast(environment.byAge);
    this.#shared.idle += 1;
  }

  leaveIdle(environment: Environment, to: 'busy' | 'retiring'): void {
    assert(environment.state === 'idle', 'only an idle environment leaves the idle ones');
    environment.state = to;
    environment.inPool.leave();
    environment.byAge.leave();
    this.#shared.idle -= 1;
  }

  remove(environment: Environment): void {
    if (environment.state === 'idle') this.leaveIdle(environment, 'retiring');
    if (environment.isStarting) environment.pool.starting -= 1;
    environment.byAge.leave();
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
    this.#environments.clear();
    this.#pools.clear();
  }
}
