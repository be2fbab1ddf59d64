/** What the parts of a partition's machine share: its roster and ledger, the time of the event at hand, and the effects that it comes to. */
import { assert } from '#lib/assert';
import type { Assigned } from './assignment.ts';
import { assignedOf } from './answers.ts';
import type { Effect } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Limits } from './limits.ts';
import type { Environment, Shared, Waiter } from './pool.ts';
import { Roster } from './roster.ts';

const nothing: readonly Effect[] = [];

export interface CoreOptions {
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly shared: Shared;
  /** Ids of new environments: never the same twice. */
  readonly newId: () => string;
  /** Which share of its time this process is at work: 0 to 1. */
  readonly load: () => number;
}

export class Core {
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly shared: Shared;
  readonly newId: () => string;
  readonly load: () => number;
  readonly roster: Roster;
  /** Of the event at hand: monotonic ms. */
  nowMs = -Infinity;
  #effects: Effect[] = [];

  constructor({ limits, ledger, shared, newId, load }: CoreOptions) {
    this.limits = limits;
    this.ledger = ledger;
    this.shared = shared;
    this.newId = newId;
    this.load = load;
    this.roster = new Roster(shared);
  }

  do(effect: Effect): void {
    this.#effects.push(effect);
  }

  takeEffects(): readonly Effect[] {
    if (this.#effects.length === 0) return nothing;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  answer(waiter: Waiter, assigned: Assigned): void {
    this.roster.removeWaiter(waiter);
    this.do({ kind: 'answer', ticket: waiter.ticket, assigned });
  }

  /** The invoke that waits gets this environment. */
  hand(waiter: Waiter, environment: Environment): void {
    this.roster.handedOut(environment, this.nowMs);
    this.answer(waiter, assignedOf(environment));
  }

  retire(environment: Environment): void {
    this.roster.retire(environment);
    assert(environment.workerId !== undefined, 'an environment that has started is on a worker');
    this.do({ kind: 'destroy', environmentId: environment.id, workerId: environment.workerId });
  }

  forget(environment: Environment): void {
    const { id, workerId, memoryMb } = environment;
    this.roster.remove(environment);
    this.ledger.removed(id);
    if (workerId !== undefined) this.do({ kind: 'unplace', workerId, memoryMb });
  }
}
