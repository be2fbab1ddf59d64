/**
 * Which node keeps which shard: for each shard the node whose hash with it is the highest, among those that have none of the chunk yet (rendezvous
 * hashing). So shards are spread evenly, and a node that comes or goes moves little more than its own.
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM ToN 6 (1), 1998.
 */
import { hash32 } from '#lib/hash';
import { shardCount } from './shards.ts';

/** Indexes into `nodes`, by shard. With fewer nodes than shards some keep several; with none there is nothing. */
export function placesOf(chunk: string, nodes: readonly string[]): readonly number[] {
  const places: number[] = [];
  if (nodes.length === 0) return places;
  for (let shard = 0; shard < shardCount; shard += 1) {
    const taken = new Set(places.slice(Math.floor(shard / nodes.length) * nodes.length));
    let best = -1;
    let bestWeight = -1;
    for (const [index, node] of nodes.entries()) {
      if (taken.has(index)) continue;
      const weight = hash32(`${chunk} ${shard} ${node}`);
      if (weight <= bestWeight) continue;
      best = index;
      bestWeight = weight;
    }
    places.push(best);
  }
  return places;
}
