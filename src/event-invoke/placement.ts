/**
 * Which shard an event goes to. Pure.
 *
 * Each function has `shardsPerFunction` of the shared shards, chosen by its name alone (shuffle sharding): every event frontend finds the same
 * ones without asking anybody, and two functions seldom have all of theirs in common. Of these the event goes to the shortest, so that a
 * shard which a busy neighbour fills is left alone. The choice is by highest random weight: when shards are added or taken away, a
 * function keeps those that remain, but for the one in N that a new shard wins.
 *
 *     shards  0 1 2 3 4 5 6 7
 *     a       ■     ■     ■         a floods 0, 3 and 6;
 *     b         ■   ■   ■           b finds 1 and 5 empty
 *
 * A function that was moved out has a shard to itself.
 */
import { hash32 } from '#lib/hash';
import { Lru } from '#lib/lru';
import { placementsCachedMax } from './limits.ts';

/** Where events stand: one record in the store, made by the queue manager. */
export interface Layout {
  /** Grows with every change. */
  readonly generation: number;
  /** Numbers of the shared shards, ascending. */
  readonly shared: readonly number[];
  /** Functions (`account/name`) that have a shard of their own. */
  readonly dedicated: readonly string[];
  /** Names of shards to which nothing more is sent, and which are served until they are empty. */
  readonly draining: readonly string[];
}

export const sharedShardName = (number: number): string => `event-invoke/shared/${number}`;
export const dedicatedShardName = (functionKey: string): string => `event-invoke/dedicated/${functionKey}`;

export const isDedicated = (shard: string): boolean => shard.startsWith('event-invoke/dedicated/');

export function firstLayout(shards: number): Layout {
  return {
    generation: 1,
    shared: Array.from({ length: shards }, (_, number) => number),
    dedicated: [],
    draining: [],
  };
}

/** All shards that may have events. */
export function shardsOf({ shared, dedicated, draining }: Layout): readonly string[] {
  return [...shared.map(sharedShardName), ...dedicated.map(dedicatedShardName), ...draining];
}

export class Placement {
  readonly #perFunction: number;
  readonly #homes = new Lru<string, readonly string[]>(placementsCachedMax);
  #layout: Layout;
  #dedicated: ReadonlySet<string>;

  constructor(layout: Layout, perFunction: number) {
    this.#perFunction = perFunction;
    this.#layout = layout;
    this.#dedicated = new Set(layout.dedicated);
  }

  get layout(): Layout {
    return this.#layout;
  }

  replace(layout: Layout): void {
    this.#layout = layout;
    this.#dedicated = new Set(layout.dedicated);
    this.#homes.clear();
  }

  /** The shards of a function. */
  homes(functionKey: string): readonly string[] {
    const known = this.#homes.get(functionKey);
    if (known !== undefined) return known;
    const homes = this.#dedicated.has(functionKey)
      ? [dedicatedShardName(functionKey)]
      : heaviest(functionKey, this.#layout.shared, this.#perFunction).map(sharedShardName);
    this.#homes.set(functionKey, homes);
    return homes;
  }

  /** The shortest shard of a function; `chance` (0..1) chooses among equals. */
  choose(functionKey: string, depthOf: (shard: string) => number, chance: number): string {
    const homes = this.homes(functionKey);
    const offset = Math.floor(chance * homes.length);
    let best = homes[offset] ?? '';
    let bestDepth = depthOf(best);
    for (let step = 1; step < homes.length; step += 1) {
      const shard = homes[(offset + step) % homes.length] ?? '';
      const depth = depthOf(shard);
      if (depth < bestDepth) [best, bestDepth] = [shard, depth];
    }
    return best;
  }

  /** Whether an event of the function may be served from this shard, or belongs elsewhere by now. */
  belongs(functionKey: string, shard: string): boolean {
    return !this.#dedicated.has(functionKey) || shard === dedicatedShardName(functionKey);
  }
}

function heaviest(functionKey: string, numbers: readonly number[], count: number): readonly number[] {
  return numbers
    .map((number) => ({ number, weight: hash32(`${functionKey}#${number}`) }))
    .sort((a, b) => b.weight - a.weight || a.number - b.number)
    .slice(0, count)
    .map(({ number }) => number);
}
