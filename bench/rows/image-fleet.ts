/**
 * A week of a fleet, simulated: functions of which few are started often and many seldom, from images that share bases, on workers with their own
 * cache (L1) in a zone with a cache (L2). How many of the chunks that starts read are in these two. Uses the caches' own rule of eviction.
 */
import { prng } from '../../src/lib/prng.ts';
import { Eviction } from '../../src/images/reading/eviction.ts';
import type { Row } from '../table.ts';

const fleet = {
  functions: 2000,
  bases: 12,
  /** Chunks that a start reads of its base, and of its own layers: from, to. */
  baseChunks: [30, 90],
  ownChunks: [10, 120],
  workers: 30,
  /** 8 GiB of disk. */
  workerChunks: 16_384,
  /** 5 nodes of 100 GiB, of which a fifth is parity. */
  zoneChunks: 819_200,
  /** Environments that start in the week. */
  starts: 100_000,
  /** Changes of functions' code in the week, more of those that start often. */
  updates: 3000,
  /** Skew of the starts: the weight of the n-th function is n to the minus this. */
  skew: 1.05,
  /** Starts that go to a worker where the function has run before. */
  sameWorker: 0.5,
} as const;

interface FunctionImage {
  readonly base: number;
  readonly own: number;
  /** Rises with each update of its code. */
  version: number;
  readonly workers: number[];
}

export function imageFleetRow(quick: boolean): Row {
  const random = prng(7);
  const among = ([from, to]: readonly [number, number]): number =>
    from + Math.floor(random.next() * (to - from));
  const pick = cumulative(fleet.functions, fleet.skew);
  const bases = Array.from({ length: fleet.bases }, () => among(fleet.baseChunks));
  const functions: FunctionImage[] = Array.from({ length: fleet.functions }, () => ({
    base: Math.floor(random.next() ** 2 * fleet.bases),
    own: among(fleet.ownChunks),
    version: 0,
    workers: [],
  }));
  const workers = Array.from({ length: fleet.workers }, () => new Eviction(fleet.workerChunks));
  const zone = new Eviction(fleet.zoneChunks);
  const starts = quick ? fleet.starts / 10 : fleet.starts;
  const updateShare = fleet.updates / fleet.starts;
  let [l1, l2, all] = [0, 0, 0];
  for (let at = 0; at < starts; at += 1) {
    if (random.next() < updateShare) {
      const updated = functions[pick(random.next())];
      if (updated !== undefined) updated.version += 1;
    }
    const index = pick(random.next());
    const started = functions[index];
    if (started === undefined) continue;
    const known = started.workers[Math.floor(random.next() * started.workers.length)];
    const worker =
      known !== undefined && random.next() < fleet.sameWorker
        ? known
        : Math.floor(random.next() * fleet.workers);
    if (!started.workers.includes(worker)) started.workers.push(worker);
    const cache = workers[worker];
    const chunks = [
      ...Array.from({ length: bases[started.base] ?? 0 }, (_, chunk) => `b${started.base}/${chunk}`),
      // A tenth of its own chunks changes with its code.
      ...Array.from(
        { length: started.own },
        (_, chunk) => `f${index}/${chunk}/${chunk % 10 === 0 ? started.version : 0}`,
      ),
    ];
    for (const chunk of chunks) {
      all += 1;
      if (cache?.read(chunk) === true) l1 += 1;
      else {
        if (zone.read(chunk)) l2 += 1;
        else zone.add(chunk);
        cache?.add(chunk);
      }
    }
  }
  return {
    what: `chunks that starts find in the worker's cache, and of the rest in the zone's (${starts} starts, a simulated week)`,
    lambkin: `${percent(l1, all)}, ${percent(l2, all - l1)}`,
    floor: `${(all / 1e6).toFixed(1)} million reads`,
    figure: `${percent(l1 + l2, all)} together`,
  };
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

/** Draws an index by weight from a number in [0, 1). */
function cumulative(count: number, skew: number): (at: number) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += rank ** -skew;
    sums.push(sum);
  }
  return (at) => {
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) <= at * sum) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
