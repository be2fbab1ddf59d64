/**
 * The queue manager: who needs a shard of their own, and how many shards all others share. Pure: it is told now and then what was seen since, and answers
 * with the next layout where something must change.
 *
 *     shared ──floods or fails, 2 looks in a row──▶ dedicated ──calm, 12 looks in a row──▶ shared
 *                                                       └─ what its shard still has is served from there until it is empty
 *
 *     shards × 2 ◀── long or old, 2 looks in a row ── n ── almost empty, 60 looks in a row ──▶ shards / 2
 */
import { Lru } from '#lib/lru';
import * as limits from './limits.ts';
import { dedicatedShardName, type Layout, Placement, sharedShardName } from './placement.ts';

/** A function since the last look. */
export interface FunctionSample {
  /** `account/name` */
  readonly functionKey: string;
  readonly attempts: number;
  /** Of these: failures, throttles and service errors. */
  readonly failures: number;
  /** Events that stand in queues now. */
  readonly queued: number;
}

export interface Sample {
  /** Those that have events or had attempts. */
  readonly functions: readonly FunctionSample[];
  /** Events by shard. */
  readonly depthOf: (shard: string) => number;
  /** The greatest age at which an event came to its first attempt since the last look. */
  readonly firstAgeMsMax: number;
}

interface Looks {
  troubled: number;
  calm: number;
}

export class QueueManager {
  readonly #limits: Pick<limits.Limits, 'shardsMin' | 'shardsMax' | 'shardsPerFunction' | 'dedicatedMax'>;
  readonly #looks = new Lru<string, Looks>(limits.functionsCountedMax);
  #layout: Layout;
  #longLooks = 0;
  #shortLooks = 0;

  constructor(
    layout: Layout,
    bounds: Pick<limits.Limits, 'shardsMin' | 'shardsMax' | 'shardsPerFunction' | 'dedicatedMax'>,
  ) {
    this.#layout = layout;
    this.#limits = bounds;
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** Somebody else has changed it. */
  replace(layout: Layout): void {
    this.#layout = layout;
  }

  /** The next layout, or undefined where all stays. It holds from the next look on, unless `replace` says otherwise. */
  look(sample: Sample): Layout | undefined {
    const before = this.#layout;
    const dedicated = this.#dedicatedAfter(sample);
    const shared = this.#sharedAfter(sample);
    const serving = new Set([...shared.map(sharedShardName), ...dedicated.map(dedicatedShardName)]);
    const given = [...before.shared.map(sharedShardName), ...before.dedicated.map(dedicatedShardName)];
    const draining = [
      // What has just been given up may still be sent to by whoever has not heard of it.
      ...before.draining.filter((shard) => !serving.has(shard) && sample.depthOf(shard) > 0),
      ...given.filter((shard) => !serving.has(shard)),
    ];
    if (same(before.shared, shared) && same(before.dedicated, dedicated) && same(before.draining, draining)) {
      return undefined;
    }
    this.#layout = { generation: before.generation + 1, shared, dedicated, draining };
    return this.#layout;
  }

  #dedicatedAfter({ functions, depthOf }: Sample): readonly string[] {
    const { dedicated } = this.#layout;
    const placement = new Placement(this.#layout, this.#limits.shardsPerFunction);
    const seen = new Map(functions.map((sample) => [sample.functionKey, sample]));
    const kept = dedicated.filter((functionKey) => !this.#isCalm(functionKey, seen.get(functionKey)));
    const out: FunctionSample[] = [];
    const usual = usualIn(functions);
    for (const sample of functions) {
      const { functionKey } = sample;
      if (dedicated.includes(functionKey)) continue;
      const homes = placement.homes(functionKey);
      const standing = homes.reduce((sum, shard) => sum + depthOf(shard), 0);
      // Alone, it is in nobody's way.
      if (functions.length > 1 && isTroubled(sample, standing, usual)) {
        const looks = this.#looksOf(functionKey);
        looks.troubled += 1;
        looks.calm = 0;
        if (looks.troubled >= limits.troubledLooks) out.push(sample);
      } else this.#looks.delete(functionKey);
    }
    if (out.length === 0) return kept.length === dedicated.length ? dedicated : kept;
    const room = Math.max(0, this.#limits.dedicatedMax - kept.length);
    const worst = out.sort((a, b) => b.queued - a.queued || b.failures - a.failures).slice(0, room);
    for (const { functionKey } of worst) this.#looks.delete(functionKey);
    return [...kept, ...worst.map(({ functionKey }) => functionKey)];
  }

  #isCalm(functionKey: string, sample: FunctionSample | undefined): boolean {
    const looks = this.#looksOf(functionKey);
    const calm = sample === undefined || (sample.queued <= limits.calmEventsMax && !isFailing(sample));
    looks.calm = calm ? looks.calm + 1 : 0;
    if (looks.calm < limits.calmLooks) return false;
    this.#looks.delete(functionKey);
    return true;
  }

  #sharedAfter({ depthOf, firstAgeMsMax }: Sample): readonly number[] {
    const { shared } = this.#layout;
    const { shardsMin, shardsMax } = this.#limits;
    const events = shared.reduce((sum, number) => sum + depthOf(sharedShardName(number)), 0);
    const each = events / shared.length;
    const isLong = each > limits.growDepth || (firstAgeMsMax > limits.growAgeMs && each >= 1);
    this.#longLooks = isLong ? this.#longLooks + 1 : 0;
    this.#shortLooks = !isLong && each < limits.shrinkDepth ? this.#shortLooks + 1 : 0;
    if (this.#longLooks >= limits.growLooks && shared.length < shardsMax) {
      this.#longLooks = 0;
      return numbers(Math.min(shared.length * 2, shardsMax));
    }
    if (this.#shortLooks >= limits.shrinkLooks && shared.length > shardsMin) {
      this.#shortLooks = 0;
      return numbers(Math.max(Math.floor(shared.length / 2), shardsMin));
    }
    return shared;
  }

  #looksOf(functionKey: string): Looks {
    const known = this.#looks.get(functionKey);
    if (known !== undefined) return known;
    const looks: Looks = { troubled: 0, calm: 0 };
    this.#looks.set(functionKey, looks);
    return looks;
  }
}

/** `standing`: events in its shards, of whatever function. */
function isTroubled(sample: FunctionSample, standing: number, usual: number): boolean {
  const { queued } = sample;
  // Where all have long queues alike nobody floods, and nothing is gained by moving their events around.
  const isLong = queued >= limits.floodEventsMin && queued > usual * limits.floodTimes;
  return (isLong && queued > standing * limits.floodShare) || isFailing(sample);
}

/** Events that half of the functions have no more of. */
function usualIn(functions: readonly FunctionSample[]): number {
  const queued = functions.map((sample) => sample.queued).sort((a, b) => a - b);
  return queued[Math.floor((queued.length - 1) / 2)] ?? 0;
}

function isFailing({ attempts, failures }: FunctionSample): boolean {
  return attempts >= limits.failingAttemptsMin && failures > attempts * limits.failingShare;
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number);

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
