/** The zone's cache with nodes that are dead, slow, lying or empty: right chunks or none, and one bad node costs nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#platform';
import { nameOf } from '../chunks/seal.ts';
import { chunkBytes, zoneLimits } from '../limits.ts';
import { CacheNodeStore } from './node.ts';
import { shardBytes } from './shards.ts';
import { ZoneTier, type CacheNode } from './zone-tier.ts';

type Manner = 'sound' | 'dead' | 'silent' | 'lying' | 'short' | 'empty';

class FakeNode implements CacheNode {
  readonly id: string;
  manner: Manner = 'sound';
  asked = 0;
  readonly #store = new CacheNodeStore({ memoryBytesMax: 1000 * shardBytes });
  constructor(id: string) {
    this.id = id;
  }
  async get(chunk: string, shard: number): Promise<Uint8Array | undefined> {
    this.asked += 1;
    const bytes = await this.#store.get(chunk, shard);
    switch (this.manner) {
      case 'sound':
        return bytes;
      case 'dead':
        throw new Error('ECONNREFUSED');
      case 'silent':
        return new Promise(() => {});
      case 'lying':
        return bytes?.map((byte) => byte ^ 255);
      case 'short':
        return bytes?.subarray(0, 10);
      case 'empty':
        return undefined;
      default:
        return this.manner satisfies never;
    }
  }
  async put(chunk: string, shard: number, bytes: Uint8Array): Promise<void> {
    if (this.manner === 'dead') throw new Error('ECONNREFUSED');
    this.#store.put(chunk, shard, bytes);
  }
  async remove(chunk: string, shard: number): Promise<void> {
    this.#store.remove(chunk, shard);
  }
}

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const chunk = Buffer.alloc(chunkBytes, 'some ciphertext ');
const name = nameOf(chunk);

function zone(count = 5): { nodes: readonly FakeNode[]; tier: ZoneTier; clock: FakeClock } {
  const nodes = Array.from({ length: count }, (_, at) => new FakeNode(`node ${at}`));
  const clock = new FakeClock();
  return { nodes, tier: new ZoneTier(nodes, clock), clock };
}

test('what was kept is had again; what was not, and what is dropped, is not', async () => {
  const { tier } = zone();
  assert.equal(await tier.get(name), undefined);
  tier.keep(name, chunk);
  await settled();
  assert.ok(chunk.equals((await tier.get(name)) ?? Buffer.alloc(0)));
  tier.drop(name);
  await settled();
  assert.equal(await tier.get(name), undefined);
  assert.equal(await new ZoneTier([], new FakeClock()).get(name), undefined);
});

for (const manner of ['dead', 'silent', 'lying', 'short', 'empty'] as const) {
  test(`one ${manner} node among many is not noticed by readers`, async () => {
    const { nodes, tier } = zone(7);
    tier.keep(name, chunk);
    await settled();
    for (const node of nodes) {
      node.manner = manner;
      assert.ok(chunk.equals((await tier.get(name)) ?? Buffer.alloc(0)), node.id);
      node.manner = 'sound';
      tier.drop(name);
      tier.keep(name, chunk);
      await settled();
    }
  });
}

for (const manner of ['dead', 'lying', 'short', 'empty'] as const) {
  test(`two ${manner} nodes of five lose the chunk, and no wrong one is had`, async () => {
    const { nodes, tier } = zone();
    tier.keep(name, chunk);
    await settled();
    for (const node of nodes.slice(1, 3)) node.manner = manner;
    assert.equal(await tier.get(name), undefined);
  });
}

test('a shard that was wrong is counted and taken away', async () => {
  const { nodes, tier } = zone();
  tier.keep(name, chunk);
  await settled();
  const [liar] = nodes;
  if (liar !== undefined) liar.manner = 'short';
  await tier.get(name);
  await settled();
  if (liar !== undefined) liar.manner = 'sound';
  assert.equal(tier.counts.wrongShards, 1);
  assert.ok(chunk.equals((await tier.get(name)) ?? Buffer.alloc(0)), 'the other four have it');
});

test('a node that fails again and again is left alone for a while', async () => {
  const { nodes, tier, clock } = zone();
  const [dead] = nodes;
  assert.ok(dead !== undefined);
  dead.manner = 'dead';
  for (let at = 0; at < 10; at += 1) await tier.get(name).then(settled);
  assert.equal(dead.asked, zoneLimits.failuresMax);
  clock.advance(zoneLimits.restMs);
  for (let at = 0; at < 10; at += 1) await tier.get(name).then(settled);
  assert.equal(dead.asked, zoneLimits.failuresMax + 1);
  clock.advance(zoneLimits.restMs);
  dead.manner = 'sound';
  for (let at = 0; at < 10; at += 1) await tier.get(name).then(settled);
  assert.equal(dead.asked, zoneLimits.failuresMax + 11);
});

test('a node that never answers is asked so much and no more', async () => {
  const { nodes, tier } = zone();
  tier.keep(name, chunk);
  await settled();
  const [silent] = nodes;
  assert.ok(silent !== undefined);
  silent.manner = 'silent';
  for (let at = 0; at < zoneLimits.pendingPerNodeMax + 50; at += 1)
    assert.ok((await tier.get(name)) !== undefined);
  assert.equal(silent.asked, zoneLimits.pendingPerNodeMax);
});

test('so many chunks are being kept at once and no more', async () => {
  const { tier } = zone();
  for (let at = 0; at < zoneLimits.keepingMax + 3; at += 1) tier.keep(nameOf(Buffer.from([at])), chunk);
  assert.equal(tier.counts.notKept, 3);
  await settled();
  tier.keep(name, chunk);
  assert.equal(tier.counts.notKept, 3);
});

test('a node keeps what is read again and again, within its bound', async () => {
  const store = new CacheNodeStore({ memoryBytesMax: 20 * shardBytes });
  const shard = new Uint8Array(shardBytes);
  for (let round = 0; round < 3; round += 1) {
    for (let at = 0; at < 10; at += 1) {
      if ((await store.get(`hot ${at}`, 0)) === undefined) store.put(`hot ${at}`, 0, shard);
    }
  }
  for (let at = 0; at < 500; at += 1) store.put(`once ${at}`, 0, shard);
  let kept = 0;
  for (let at = 0; at < 10; at += 1) if ((await store.get(`hot ${at}`, 0)) !== undefined) kept += 1;
  assert.equal(kept, 10);
});
