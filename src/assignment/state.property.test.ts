/** The state machine of a partition under random events, in random order, with every kind of failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Assigned } from './assignment.ts';
import type { Effect, Event } from './events.ts';
import { Ledger } from './ledger.ts';
import { holdLookMs, limitsDefault, turnaroundsKnown } from './limits.ts';
import { Shared } from './pool.ts';
import { Replay } from './replay.ts';
import { PartitionState } from './state.ts';
import { someVersion } from '#metadata/fixtures';

const limits = {
  ...limitsDefault,
  idleMs: 300,
  coldStartMs: 200,
  keptStartMs: 400,
  keptStartsMax: 2,
  leaseMs: 1_000,
  leaseRenewMs: 400,
  waitersPerGenerationMax: 4,
  environmentsPerPartitionMax: 9,
  briefAtOnce: 2,
};
const generations = ['g0', 'g1', 'g2'];

interface Choice {
  readonly action: number;
  readonly pick: number;
  readonly ms: number;
}

/** A partition, the world around it, and everything that must never happen. */
class World {
  nowMs = 0;
  /** How much the process has to do, and of how many generations the invokes are. */
  load = 0;
  asks = generations.length;
  /** Whether an invoke was ever held. */
  hasHeld = false;
  readonly journal = new Replay();
  #next = 0;
  #ids = 0;
  #tickets = 0;
  readonly #shared = new Shared(6, 100);
  readonly #state: PartitionState;
  /** Effects whose outcome has not been told yet. */
  pending: Effect[] = [];
  /** Environments that an invoke holds, and the generation that it asked for. */
  readonly held = new Map<string, string>();
  readonly onWorker = new Map<string, string>();
  readonly asked = new Map<number, string>();
  readonly answered = new Map<number, Assigned>();
  readonly retired = new Set<string>();
  /** How many are to be kept ready, by generation. */
  readonly wanted = new Map<string, number>();
  /** Idle environments, and the count of events at which each became idle. */
  idle = new Map<string, number>();
  #events = 0;

  constructor() {
    const leadership = { term: 1, holder: 'me', leaseMs: limits.leaseMs };
    const ledger = new Ledger({ leadership, claimedAtMs: 0, next: 0, records: 0, environments: [] }, limits);
    this.ledger = ledger;
    const newId = (): string => `e${(this.#ids += 1)}`;
    const load = (): number => this.load;
    this.#state = new PartitionState({ limits, ledger, shared: this.#shared, newId, adopted: [], load }, 0);
  }

  /** There is much to do; every generation has been invoked, and has answered at once, so often that this is known. */
  practise(): void {
    this.load = 1;
    this.asks = 1;
    for (const generation of generations) {
      if (this.retired.has(generation)) continue;
      for (let i = 0; i < turnaroundsKnown; i += 1) {
        this.assign(generation);
        for (let [effect] = this.pending; effect !== undefined; [effect] = this.pending)
          this.settle(effect, 0);
        for (const id of this.held.keys()) this.release(id);
      }
    }
  }

  readonly ledger: Ledger;

  send(event: Event): void {
    for (const effect of this.#state.handle(event, this.nowMs)) this.#take(effect);
    this.check();
  }

  assign(generation: string): void {
    const version = someVersion({ generation });
    const assigned = this.#state.take(generation, this.nowMs);
    if (assigned !== undefined) {
      assert.equal(assigned.kind, 'assigned');
      if (assigned.kind !== 'assigned') return;
      const since = this.idle.get(assigned.environmentId) ?? assert.fail('it was not idle');
      const pool = this.#state.inspect().environments.filter((each) => each.generation === generation);
      const isKept = pool.find(({ id }) => id === assigned.environmentId)?.isProvisioned === true;
      const wanted = this.wanted.get(generation) ?? 0;
      for (const { id, isProvisioned } of pool) {
        if (!this.idle.has(id)) continue;
        if (isProvisioned && !isKept) assert.equal(wanted, 0, 'what is kept ready is used first');
        if (isProvisioned === isKept)
          assert.ok((this.idle.get(id) ?? 0) <= since, 'most recently used first');
      }
      this.#hand(generation, assigned);
      return this.check();
    }
    this.#tickets += 1;
    this.asked.set(this.#tickets, generation);
    return this.send({ kind: 'assign', ticket: this.#tickets, version });
  }

  want(generation: string, count: number): void {
    if (!this.retired.has(generation)) this.wanted.set(generation, count);
    this.send({ kind: 'want', version: someVersion({ generation }), count });
  }

  retire(generation: string): void {
    this.retired.add(generation);
    this.wanted.delete(generation);
    this.#shared.retire(generation);
    this.send({ kind: 'retire', generation });
  }

  /** Ends the invoke that holds the environment. */
  release(id: string): void {
    this.held.delete(id);
    this.send({ kind: 'idle', environmentId: id });
  }

  gone(id: string): void {
    this.held.delete(id);
    this.onWorker.delete(id);
    this.send({ kind: 'gone', environmentId: id, reason: 'crashed' });
  }

  /** Tells the outcome of one pending effect: a good one, unless `luck` says otherwise. */
  settle(effect: Effect, luck: number): void {
    this.pending = this.pending.filter((each) => each !== effect);
    switch (effect.kind) {
      case 'admit':
        return this.send({
          kind: 'admitted',
          environmentId: effect.environmentId,
          admission:
            luck === 1
              ? { kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded', retryAfterSeconds: 1 }
              : { kind: 'granted', isProvisioned: false },
        });
      case 'place': {
        if (luck === 2)
          return this.send({ kind: 'start-failed', environmentId: effect.environmentId, message: 'lost' });
        const workerId = ['w1', 'w2'].find((id) => !effect.avoid.has(id));
        const placed =
          luck === 1 || workerId === undefined
            ? ({ kind: luck === 1 ? 'full' : 'nowhere', message: 'full' } as const)
            : ({ kind: 'placed', workerId } as const);
        return this.send({ kind: 'placed', environmentId: effect.environmentId, placed, memoryMb: 128 });
      }
      case 'create': {
        const { environmentId, workerId } = effect;
        if (luck === 1) {
          const outcome = { kind: 'refused', reason: 'no' } as const;
          return this.send({ kind: 'created', environmentId, workerId, outcome });
        }
        if (luck === 2) {
          const outcome = { kind: 'impossible', errorType: 'X', message: 'never' } as const;
          return this.send({ kind: 'created', environmentId, workerId, outcome });
        }
        if (luck === 3 && effect.initialization === 'provisioned-concurrency') {
          return this.send({ kind: 'created', environmentId, workerId, outcome: { kind: 'init-failed' } });
        }
        this.onWorker.set(environmentId, workerId);
        return this.send({ kind: 'created', environmentId, workerId, outcome: { kind: 'created' } });
      }
      case 'append':
        if (luck === 1) return this.send({ kind: 'append-failed', message: 'disk full' });
        assert.equal(effect.expected, this.#next);
        for (const entry of effect.entries) this.journal.apply(entry);
        this.#next += effect.entries.length;
        return this.send({ kind: 'appended', next: this.#next });
      case 'destroy':
        this.onWorker.delete(effect.environmentId);
        return this.send({ kind: 'gone', environmentId: effect.environmentId, reason: 'destroyed' });
      case 'answer':
      case 'trim':
      case 'unplace':
      case 'make-room':
      case 'step-down':
        return assert.fail(`${effect.kind} has no outcome`);
    }
  }

  check(): void {
    const { environments, waiting, held } = this.#state.inspect();
    assert.equal(waiting, this.asked.size - this.answered.size);
    this.#events += 1;
    const idleNow = new Map<string, number>();
    for (const { id, generation, state } of environments) {
      assert.equal(this.held.has(id) && (state === 'busy' || state === 'retiring'), this.held.has(id), id);
      if (state === 'idle') {
        assert.ok(!this.retired.has(generation), 'a retired environment is idle');
        assert.ok(this.ledger.environments.has(id), 'an idle environment is not journaled');
        assert.ok(this.journal.environments.has(id), 'an idle environment is not durable');
        idleNow.set(id, this.idle.get(id) ?? this.#events);
      }
    }
    this.idle = idleNow;
    const starting = environments.filter(({ state }) =>
      ['admitting', 'resting', 'placing', 'creating'].includes(state),
    );
    for (const generation of generations) {
      const waits = [...this.asked].filter(([t, g]) => g === generation && !this.answered.has(t)).length;
      const starts = starting.filter((each) => each.generation === generation && !each.isProvisioned).length;
      const holds = held.get(generation) ?? 0;
      assert.ok(waits - holds <= starts, `${waits - holds} wait, ${starts} start`);
      if (holds === 0) continue;
      this.hasHeld = true;
      assert.ok(this.#state.wakeAtMs() <= this.nowMs + holdLookMs, 'held, and nobody will look');
      const idle = environments.some((each) => each.generation === generation && each.state === 'idle');
      const out = [...this.held.values()].filter((of) => of === generation).length;
      assert.ok(!idle || out >= limits.briefAtOnce, 'held though one is idle and few are out');
    }
    for (const generation of generations) this.#checkKept(generation);
    assert.ok(environments.length <= limits.environmentsPerPartitionMax + 1);
  }

  /** What is kept ready of a generation, and no more than that, but for what is busy. */
  #checkKept(generation: string): void {
    const kept = this.#state
      .inspect()
      .environments.filter((each) => each.generation === generation && each.isProvisioned)
      .map(({ state }) => state)
      .filter((state) => state !== 'retiring');
    const busy = kept.filter((state) => state === 'busy').length;
    const idle = kept.filter((state) => state === 'idle').length;
    const wanted = this.wanted.get(generation) ?? 0;
    assert.ok(kept.length <= Math.max(wanted, busy), `${kept.length} of ${wanted}, ${busy} busy`);
    assert.ok(kept.length - busy - idle <= limits.keptStartsMax, 'starts at once');
    const status = this.#state.provisioned(generation);
    assert.equal(status?.requested ?? 0, wanted);
    if (status === undefined) return;
    assert.equal(status.available, busy + idle);
    assert.equal(status.busy, busy);
    if (status.kind === 'failed') assert.ok(status.reason.length > 0);
  }

  /** How many are kept ready, by generation. */
  kept(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { generation, isProvisioned } of this.#state.inspect().environments) {
      if (isProvisioned) counts.set(generation, (counts.get(generation) ?? 0) + 1);
    }
    return counts;
  }

  #take(effect: Effect): void {
    switch (effect.kind) {
      case 'answer': {
        const generation = this.asked.get(effect.ticket);
        assert.ok(generation !== undefined && !this.answered.has(effect.ticket), 'answered once');
        this.answered.set(effect.ticket, effect.assigned);
        if (effect.assigned.kind === 'assigned') this.#hand(generation, effect.assigned);
        return;
      }
      case 'trim':
      case 'unplace':
      case 'make-room':
        return;
      case 'step-down':
        return assert.fail('nobody else writes here');
      case 'append':
        assert.ok(!this.pending.some((each) => each.kind === 'append'), 'one append at a time');
        this.pending.push(effect);
        return;
      case 'admit':
      case 'place':
      case 'create':
      case 'destroy':
        this.pending.push(effect);
    }
  }

  #hand(generation: string, { environmentId }: Extract<Assigned, { kind: 'assigned' }>): void {
    assert.ok(!this.held.has(environmentId), 'handed to two invokes');
    assert.ok(!this.retired.has(generation), 'handed out though retired');
    assert.ok(this.onWorker.has(environmentId), 'handed out before it was created');
    assert.ok(this.journal.environments.has(environmentId), 'handed out before it was durable');
    assert.equal(this.journal.environments.get(environmentId)?.generation, generation);
    assert.ok(this.ledger.holdsLease(this.nowMs), 'handed out without a lease');
    this.held.set(environmentId, generation);
  }
}

function play(world: World, { action, pick, ms }: Choice): void {
  const generation = generations[pick % world.asks] ?? 'g0';
  const held = [...world.held.keys()];
  const known = [...world.onWorker.keys()];
  const pending = world.pending[pick % Math.max(1, world.pending.length)];
  if (action < 8) world.assign(generation);
  else if (action < 22 && pending !== undefined) world.settle(pending, ms % 8);
  else if (action < 28 && held.length > 0) world.release(held[pick % held.length] ?? '');
  else if (action < 30 && known.length > 0) world.gone(known[pick % known.length] ?? '');
  else if (action === 30 && world.asks === 1 && ms > 10) world.practise();
  else if (action === 30) world.retire(generation);
  else if (action === 31) world.send({ kind: 'yield' });
  else if (action > 40) world.load = world.load === 1 ? 0 : 1;
  else if (action > 37) world.want(generation, ms % 3);
  else if (action === 32) {
    for (const [id, workerId] of world.onWorker) {
      if (workerId !== 'w2') continue;
      world.onWorker.delete(id);
      world.held.delete(id);
    }
    world.send({ kind: 'worker-lost', workerId: 'w2' });
  } else {
    world.nowMs += ms;
    world.send({ kind: 'tick' });
  }
}

const choice = fc.record({ action: fc.nat(41), pick: fc.nat(50), ms: fc.nat(120) });

test('random events: no environment twice, none retired, every invoke answered once, what is wanted kept ready, state equals replay', () => {
  let held = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(choice, { maxLength: 250, size: 'max' }), (isBrief, choices) => {
      const world = new World();
      if (isBrief) world.practise();
      for (const each of choices) play(world, each);
      // Then everything goes well until nothing is left to do.
      for (let ticks = 0; ticks < 40;) {
        const [effect] = world.pending;
        if (effect !== undefined) world.settle(effect, 0);
        else {
          ticks += 1;
          world.nowMs += ticks < 6 ? 500 : 30_000;
          world.send({ kind: 'tick' });
        }
      }
      assert.equal(world.answered.size, world.asked.size, 'every invoke is answered');
      assert.deepEqual(
        [...world.journal.environments.keys()].sort(),
        [...world.ledger.environments.keys()].sort(),
        'the journal says what the ledger says',
      );
      const records = [...world.ledger.environments.values()];
      const unheld = records.filter(({ id }) => !world.held.has(id));
      assert.ok(
        unheld.every(({ isProvisioned }) => isProvisioned === true),
        'what is neither held nor kept ready is gone',
      );
      const kept = world.kept();
      for (const [generation, wanted] of world.wanted) {
        const isFull = records.length >= limits.environmentsPerPartitionMax;
        assert.ok(isFull || (kept.get(generation) ?? 0) >= wanted, 'what is wanted is there');
      }
      for (const generation of world.retired) {
        const held = [...world.held].filter(([, of]) => of === generation).length;
        assert.ok((kept.get(generation) ?? 0) <= held, 'nothing of what is retired is kept');
      }
      if (world.hasHeld) held += 1;
    }),
    { numRuns: 400 },
  );
  assert.ok(held > 20, `invokes were held in ${held} runs`);
});
