/**
 * Which shard a poller turns to next, and how many events it may take. Pure.
 *
 *     idle ──ready──▶ waiting its turn ──next──▶ being received ──received──▶ waiting again (it had as many as were asked for)
 *      ▲                                                │  └───────────────▶ idle (it had fewer)
 *      └────────────────────────────────────────────────┘
 *
 * Shards take turns, so each gets the same share however long it is. A shard may have no more events in work than half as many as there are slots
 * free, one of a single function (dedicated) no more than a quarter as many, and all of those together no more than half of all slots. So some
 * slots always stay free for shards that have none: functions that are slow to fail cannot take all of them, and one that is alone
 * still gets most. (The rule is that of dynamic thresholds for switches with shared memory: Choudhury and Hahne, 1998.)
 */
import { assert } from '#lib/assert';
import { isDedicated } from './placement.ts';

/** Events that a shard may have in work for each slot that is free. */
const sharedShare = 1 / 2;
const dedicatedShare = 1 / 4;

interface Shard {
  readonly dedicated: boolean;
  /** Events in work. */
  busy: number;
  ready: boolean;
  receiving: boolean;
  /** Told to be ready while it was being received from. */
  again: boolean;
  /** Given up; remembered while events of it are in work. */
  gone: boolean;
}

export interface Turn {
  readonly shard: string;
  readonly count: number;
}

export class Rotation {
  readonly #shards = new Map<string, Shard>();
  /** Shards that are ready and not being received from, in the order of their turns. */
  #queue: string[] = [];
  #slots: number;
  #busy = 0;
  #dedicatedBusy = 0;
  readonly #receiveMax: number;

  constructor(slots: number, receiveMax: number) {
    this.#slots = slots;
    this.#receiveMax = receiveMax;
  }

  get busy(): number {
    return this.#busy;
  }

  get slots(): number {
    return this.#slots;
  }

  /** Whether anything waits for its turn. */
  get hasReady(): boolean {
    return this.#queue.length > 0;
  }

  setSlots(slots: number): void {
    this.#slots = Math.max(1, slots);
  }

  has(name: string): boolean {
    return this.#shards.get(name)?.gone === false;
  }

  add(name: string): void {
    const known = this.#shards.get(name);
    if (known !== undefined) known.gone = false;
    else {
      const dedicated = isDedicated(name);
      const fresh = { busy: 0, ready: false, receiving: false, again: false, gone: false };
      this.#shards.set(name, { dedicated, ...fresh });
    }
  }

  /** What is in work of a shard that was given up is still to be told as done. */
  remove(name: string): void {
    const shard = this.#shards.get(name);
    if (shard === undefined) return;
    shard.gone = true;
    shard.ready = false;
    this.#queue = this.#queue.filter((other) => other !== name);
    this.#forget(name, shard);
  }

  ready(name: string): void {
    const shard = this.#shards.get(name);
    if (shard === undefined || shard.gone) return;
    if (shard.receiving) {
      shard.again = true;
      return;
    }
    if (shard.ready) return;
    shard.ready = true;
    this.#queue.push(name);
  }

  /** The next turn; its events count as in work from now on. */
  next(): Turn | undefined {
    for (let step = 0; step < this.#queue.length; step += 1) {
      const name = this.#queue.shift() ?? '';
      const shard = this.#shards.get(name);
      if (shard === undefined) continue;
      const count = this.#room(shard);
      if (count === 0) {
        this.#queue.push(name);
        continue;
      }
      shard.ready = false;
      shard.receiving = true;
      shard.again = false;
      this.#change(shard, count);
      return { shard: name, count };
    }
    return undefined;
  }

  /** How many events the turn really brought. */
  received({ shard: name, count }: Turn, events: number): void {
    const shard = this.#known(name);
    this.#change(shard, events - count);
    shard.receiving = false;
    if (events >= count || shard.again) this.ready(name);
    this.#forget(name, shard);
  }

  /** An event that was in work is done with. */
  done(name: string): void {
    const shard = this.#known(name);
    this.#change(shard, -1);
    this.#forget(name, shard);
  }

  #known(name: string): Shard {
    const shard = this.#shards.get(name);
    assert(shard !== undefined, `nothing is in work of ${name}`);
    return shard;
  }

  #forget(name: string, { gone, busy, receiving }: Shard): void {
    if (gone && busy === 0 && !receiving) this.#shards.delete(name);
  }

  #room({ dedicated, busy }: Shard): number {
    const slots = this.#slots;
    const free = slots - this.#busy;
    if (free <= 0) return 0;
    const share = dedicated ? dedicatedShare : sharedShare;
    // So many that what is then in work of it is no more than its share of what is then free.
    const room = Math.ceil((share * free - busy) / (1 + share));
    const rest = dedicated ? Math.max(1, Math.ceil(slots / 2)) - this.#dedicatedBusy : free;
    return Math.max(0, Math.min(free, room, rest, this.#receiveMax));
  }

  #change(shard: Shard, count: number): void {
    this.#busy += count;
    shard.busy += count;
    if (shard.dedicated) this.#dedicatedBusy += count;
    assert(shard.busy >= 0 && this.#busy >= 0, 'no more is done than was in work');
  }
}
