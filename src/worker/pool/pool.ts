/**
 * The pool of pre-started sandboxes: processes of our own bootstraps that are up and wait to be told which function they are. It fills one
 * at a time, at low priority, and only while nobody waits for a start.
 */
import type { Cancel, Clock } from '#platform';
import type { Launch } from '#runtimes';
import type { Sandbox, Sandboxes, StartPlan } from '../sandbox/sandbox.ts';
import { nextAction, type PoolLimits } from './plan.ts';

export type ChannelLaunch = Extract<Launch, { readonly kind: 'channel' }>;

export const defaultPoolLimits: PoolLimits = { perFlavorMax: 4, totalMax: 16, expiryMs: 30 * 60_000 };

/** Quiet time that a start ahead of need waits for, and how long it can be put off by others. */
const quietMs = 25;
const postponedMsMax = 2_000;
/** A member is up once its process has used some processor time and then none for a few looks. */
const settleLookMs = 20;
const settleLooks = 2;
const settleMsMax = 2_000;
/** Wait after a member died: doubled with each death in a row. */
const retryMsMin = 1_000;
const retryMsMax = 60_000;

interface Flavor {
  readonly launch: ChannelLaunch;
  readonly plan: StartPlan;
  members: Sandbox[];
  /** Members whose start is over. */
  readonly up: Set<Sandbox>;
  lastUsedMs: number;
  retryAtMs: number;
  deaths: number;
}

export interface PoolParts {
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly limits: PoolLimits;
  readonly planOf: (launch: ChannelLaunch) => StartPlan;
  /** Whether somebody waits for an environment just now. */
  readonly busy: () => boolean;
  readonly warn: (message: string) => void;
}

export class Pool {
  readonly #parts: PoolParts;
  readonly #flavors = new Map<string, Flavor>();
  #timer: Cancel | undefined;
  /** The member whose start is under way, or the promise of one: one at a time. */
  #starting = false;
  #postponedMs = 0;
  #closed = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /** Makes a flavor known: the pool will hold members of it for a while. */
  want(launch: ChannelLaunch): void {
    if (this.#closed || this.#parts.limits.totalMax === 0 || this.#parts.limits.perFlavorMax === 0) return;
    const known = this.#flavors.get(launch.flavor);
    const now = this.#parts.clock.monotonicMs();
    if (known !== undefined) known.lastUsedMs = now;
    else {
      this.#flavors.set(launch.flavor, {
        launch,
        plan: this.#parts.planOf(launch),
        members: [],
        up: new Set(),
        lastUsedMs: now,
        retryAtMs: 0,
        deaths: 0,
      });
    }
    this.#tendIn(quietMs);
  }

  /** A waiting sandbox of this flavor, for the caller to keep; undefined when there is none. */
  take(launch: ChannelLaunch): Sandbox | undefined {
    this.want(launch);
    const flavor = this.#flavors.get(launch.flavor);
    if (flavor === undefined) return undefined;
    const member = flavor.members.find((sandbox) => flavor.up.has(sandbox)) ?? flavor.members[0];
    if (member === undefined) return undefined;
    this.#remove(flavor, member);
    member.bind();
    return member;
  }

  /** How many wait, over all flavors. */
  get size(): number {
    let size = 0;
    for (const flavor of this.#flavors.values()) size += flavor.members.length;
    return size;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    const members = [...this.#flavors.values()].flatMap((flavor) => flavor.members);
    this.#flavors.clear();
    await Promise.all(members.map((member) => member.kill()));
  }

  #remove(flavor: Flavor, member: Sandbox): void {
    flavor.members = flavor.members.filter((sandbox) => sandbox !== member);
    flavor.up.delete(member);
  }

  #tendIn(delayMs: number): void {
    if (this.#closed) return;
    this.#timer?.();
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#tend();
    });
  }

  #tend(): void {
    if (this.#closed || this.#starting) return;
    const { clock, limits } = this.#parts;
    const now = clock.monotonicMs();
    const states = [...this.#flavors].map(([name, { members, lastUsedMs, retryAtMs }]) => ({
      flavor: name,
      members: members.length,
      lastUsedMs,
      retryAtMs,
    }));
    const action = nextAction(states, now, limits);
    switch (action.kind) {
      case 'rest':
        return;
      case 'wait':
        return this.#tendIn(Math.max(1, action.untilMs - now));
      case 'forget':
        this.#flavors.delete(action.flavor);
        return this.#tendIn(0);
      case 'stop': {
        const flavor = this.#flavors.get(action.flavor);
        const member = flavor?.members[0];
        if (flavor !== undefined && member !== undefined) {
          this.#remove(flavor, member);
          void member.kill();
        }
        return this.#tendIn(0);
      }
      case 'start': {
        if (this.#parts.busy() && this.#postponedMs < postponedMsMax) {
          this.#postponedMs += quietMs;
          return this.#tendIn(quietMs);
        }
        this.#postponedMs = 0;
        const flavor = this.#flavors.get(action.flavor);
        if (flavor !== undefined) void this.#start(flavor);
        return undefined;
      }
      default:
        return action satisfies never;
    }
  }

  async #start(flavor: Flavor): Promise<void> {
    this.#starting = true;
    const outcome = await this.#parts.sandboxes.start(flavor.plan);
    if (outcome.kind !== 'started') {
      this.#starting = false;
      const why = outcome.kind === 'exhausted' ? outcome.reason : outcome.code;
      return this.#died(flavor, `cannot be started: ${why}`);
    }
    const { sandbox } = outcome;
    if (this.#closed) return sandbox.kill();
    flavor.members.push(sandbox);
    const ended = (why: string): void => {
      if (!flavor.members.includes(sandbox)) return;
      this.#remove(flavor, sandbox);
      void sandbox.kill();
      this.#died(flavor, why);
    };
    sandbox.attach({
      says: (message) => ended(`said "${message.kind}" before it was asked`),
      output: () => {},
      exited: () => ended('ended before it was used'),
      outOfMemory: () => {},
    });
    this.#settle(flavor, sandbox, { looks: 0, ticks: 0, ms: 0 });
    return undefined;
  }

  #settle(flavor: Flavor, sandbox: Sandbox, seen: { looks: number; ticks: number; ms: number }): void {
    this.#parts.clock.after(settleLookMs, () => {
      const ticks = this.#parts.sandboxes.cpuTicks(sandbox);
      const looks = ticks === seen.ticks ? seen.looks + 1 : 0;
      const ms = seen.ms + settleLookMs;
      const waits = flavor.members.includes(sandbox);
      if (waits && ticks !== undefined && ms < settleMsMax && (ticks === 0 || looks < settleLooks)) {
        return this.#settle(flavor, sandbox, { looks, ticks, ms });
      }
      this.#starting = false;
      if (waits) {
        flavor.up.add(sandbox);
        flavor.deaths = 0;
        sandbox.bind();
      }
      return this.#tendIn(0);
    });
  }

  #died(flavor: Flavor, why: string): void {
    flavor.retryAtMs =
      this.#parts.clock.monotonicMs() + Math.min(retryMsMax, retryMsMin * 2 ** Math.min(flavor.deaths, 10));
    flavor.deaths += 1;
    this.#parts.warn(`a pre-started ${flavor.launch.flavor} ${why}`);
    this.#tendIn(quietMs);
  }
}
