/** Shards: any four make the chunk; whatever one of five nodes does, the chunk is found or it is not, never a wrong one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { prng } from '#lib/prng';
import { nameOf } from '../chunks/seal.ts';
import { chunkBytes } from '../limits.ts';
import { Gathering, type Gathered } from './gathering.ts';
import { placesOf } from './placement.ts';
import { decode, encode, shardBytes, shardCount } from './shards.ts';

const chunkOf = (seed: number): Buffer => {
  const bytes = Buffer.alloc(chunkBytes);
  const random = prng(seed);
  for (let at = 0; at < chunkBytes; at += 4) bytes.writeUInt32LE(random.uint32(), at);
  return bytes;
};
const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5, maxLength: 5 });

test('any four of the five make the chunk again, wherever in memory they lie', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: -1, max: 4 }), fc.nat(7), (seed, missing, shift) => {
      const chunk = chunkOf(seed);
      const shards = encode(chunk).map((shard, place) => {
        if (place === missing) return undefined;
        const room = Buffer.alloc(shardBytes + 8);
        room.set(shard, shift);
        return room.subarray(shift, shift + shardBytes);
      });
      assert.ok(chunk.equals(decode(shards) ?? Buffer.alloc(0)));
      if (missing < 0) return;
      const three = shards.map((shard, place) => (place === (missing + 2) % 5 ? undefined : shard));
      assert.equal(decode(three), undefined);
    }),
    { numRuns: 30 },
  );
});

type Fault = 'none' | 'missing' | 'flipped' | 'short' | 'swapped';

test('shards come in any order with any faults: found with one fault, never wrong with more', () => {
  const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'missing', 'flipped', 'short', 'swapped'), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.nat(99), faults, order, (seed, faulty, places) => {
      const chunk = chunkOf(seed);
      const name = nameOf(chunk);
      const [shards, others] = [encode(chunk), encode(chunkOf(seed + 1))];
      const gathering = new Gathering((tried) => nameOf(tried) === name);
      let end: Gathered = { kind: 'waiting' };
      for (const place of places) {
        const sound = shards[place] ?? Buffer.alloc(0);
        const given: Record<Fault, () => Uint8Array | undefined> = {
          none: () => sound,
          missing: () => undefined,
          flipped: () =>
            Buffer.concat([sound.subarray(0, 5), Buffer.from([(sound[5] ?? 0) ^ 1]), sound.subarray(6)]),
          short: () => sound.subarray(1),
          swapped: () => others[place],
        };
        const gathered = gathering.take(place, given[faulty[place] ?? 'none']());
        if (gathered.kind === 'waiting') continue;
        assert.equal(end.kind, 'waiting', 'it ends once');
        end = gathered;
      }
      const bad = faulty.filter((fault) => fault !== 'none').length;
      assert.equal(end.kind, bad <= 1 ? 'found' : 'lost');
      if (end.kind !== 'found') return;
      assert.ok(chunk.equals(end.chunk));
      assert.ok(end.wrong.every((place) => !['none', 'missing'].includes(faulty[place] ?? '')));
    }),
    { numRuns: 40 },
  );
});

const nodeNames = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `http://10.0.0.${at}:9009`);
const chunkNames = Array.from({ length: 2000 }, (_, at) => nameOf(Buffer.from(String(at))));

const named = (chunk: string, all: readonly string[]): readonly (string | undefined)[] =>
  placesOf(chunk, all).map((place) => all[place]);

test('shards of a chunk lie on different nodes, spread evenly', () => {
  for (const count of [5, 6, 20]) {
    const loads = Array.from({ length: count }, () => 0);
    for (const chunk of chunkNames) {
      const places = placesOf(chunk, nodeNames(count));
      assert.equal(new Set(places).size, shardCount);
      for (const place of places) loads[place] = (loads[place] ?? 0) + 1;
    }
    const mean = (chunkNames.length * shardCount) / count;
    assert.ok(Math.max(...loads) < 1.25 * mean && Math.min(...loads) > 0.75 * mean, loads.join(' '));
  }
});

test('with fewer nodes than shards each has its part, with none there is nothing', () => {
  assert.deepEqual(placesOf('a', []), []);
  assert.deepEqual(placesOf('a', ['x']), [0, 0, 0, 0, 0]);
  const places = placesOf('a', ['x', 'y', 'z']);
  assert.equal(new Set(places.slice(0, 3)).size, 3);
  assert.equal(new Set(places.slice(3)).size, 2);
});

test('a node that goes takes little with it, and the order in which nodes are named does not matter', () => {
  const nodes = nodeNames(10);
  const fewer = nodes.filter((_, at) => at !== 4);
  let moved = 0;
  for (const chunk of chunkNames) {
    const [before, after] = [named(chunk, nodes), named(chunk, fewer)];
    moved += before.filter((node, shard) => node !== after[shard]).length;
    assert.deepEqual(named(chunk, nodes.toReversed()), before);
  }
  // A tenth was on that node; of the others a few make room for what it had.
  assert.ok(moved < 0.17 * chunkNames.length * shardCount, `${moved} moved`);
});
