/** Cache nodes over HTTP: with the secret only, bounded, over a restart; and workers with them when some are dead, slow or damaged. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock, systemEntropy } from '#platform';
import { ZoneTier } from '../cache/zone-tier.ts';
import { shardBytes } from '../cache/shards.ts';
import { nameOf } from '../chunks/seal.ts';
import { workspace } from '../fixtures/image.ts';
import { chunkBytes } from '../limits.ts';
import { cacheNodes } from './cache-client.ts';
import { openCacheNode, type OpenCacheNode, type OpenCacheNodeOptions } from './cache-node.ts';

const secret = 'a secret of the zone'.replaceAll(' ', '-');
const MiB = 1024 * 1024;
const chunks = Array.from({ length: 8 }, (_, seed) => Buffer.alloc(chunkBytes, `chunk ${seed} `));

async function opened(t: TestContext, options: Partial<OpenCacheNodeOptions> = {}): Promise<OpenCacheNode> {
  const node = await openCacheNode({
    host: '127.0.0.1',
    port: 0,
    directory: undefined,
    diskBytesMax: 64 * MiB,
    memoryBytesMax: 16 * MiB,
    secret,
    entropy: systemEntropy,
    ...options,
  });
  t.after(async () => node.close());
  return node;
}

const address = (port: number): string => `http://127.0.0.1:${port}`;
const tierOf = (ports: readonly number[], with_ = secret): ZoneTier =>
  // Patient: the machine may be busy.
  new ZoneTier(cacheNodes({ nodes: ports.map(address), secret: with_ }, 30_000), systemClock);

const status = async (url: string, init: RequestInit): Promise<number> => (await fetch(url, init)).status;

/** Chunks that the tier has, each of them right. */
async function had(tier: ZoneTier): Promise<number> {
  let count = 0;
  for (const chunk of chunks) {
    const bytes = await tier.get(nameOf(chunk));
    if (bytes === undefined) continue;
    assert.ok(chunk.equals(bytes), 'a wrong chunk');
    count += 1;
  }
  return count;
}

async function filled(ports: readonly number[]): Promise<ZoneTier> {
  const tier = tierOf(ports);
  for (const chunk of chunks) tier.keep(nameOf(chunk), chunk);
  for (let look = 0; (await had(tier)) < chunks.length; look += 1) {
    assert.ok(look < 200, 'chunks are not kept');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return tier;
}

test('a node answers to its secret only, and takes nothing but whole shards', async (t) => {
  const { port } = await opened(t);
  const path = `${address(port)}/shards/${'a'.repeat(64)}/0`;
  const authorization = `Bearer ${secret}`;
  const body = Buffer.alloc(shardBytes, 1);
  assert.equal(await status(path, {}), 401);
  assert.equal(await status(path, { headers: { authorization: 'Bearer other' } }), 401);
  assert.equal(await status(path, { method: 'PUT', body }), 401);
  const headers = { authorization };
  assert.equal(await status(path, { headers }), 404);
  assert.equal(await status(path, { method: 'PUT', headers, body: body.subarray(1) }), 400);
  assert.equal(await status(path, { method: 'PUT', headers, body: Buffer.alloc(5 * MiB) }), 400);
  assert.equal(await status(path, { method: 'POST', headers, body }), 405);
  for (const wrong of [
    '/',
    '/shards',
    `/shards/${'a'.repeat(63)}/0`,
    `/shards/${'a'.repeat(64)}/5`,
    '/shards/../../x/1',
  ]) {
    assert.equal(await status(address(port) + wrong, { headers }), 404, wrong);
  }
  assert.equal(await status(path, { method: 'PUT', headers, body }), 204);
  const got = await fetch(path, { headers });
  assert.ok(Buffer.from(await got.arrayBuffer()).equals(body));
  assert.equal(await status(path, { method: 'DELETE', headers }), 204);
  assert.equal(await status(path, { headers }), 404);
  const counts = (await (await fetch(`${address(port)}/counts`, { headers })).json()) as { puts: number };
  assert.equal(counts.puts, 1);
});

test('chunks are kept and had by several workers; with the wrong secret nothing is', async (t) => {
  const ports = (await Promise.all(Array.from({ length: 6 }, async () => opened(t)))).map(({ port }) => port);
  await filled(ports);
  assert.equal(await had(tierOf(ports.toReversed())), chunks.length);
  const stranger = tierOf(ports, 'another-secret-of-strangers');
  assert.equal(await had(stranger), 0);
  assert.ok(stranger.counts.failures > 0);
});

test('a node that is gone, or takes connections and says nothing, costs nothing', async (t) => {
  const nodes = await Promise.all(Array.from({ length: 6 }, async () => opened(t)));
  const ports = nodes.map(({ port }) => port);
  const tier = await filled(ports);
  await nodes[0]?.close();
  assert.equal(await had(tier), chunks.length);
  const silent = await new Promise<Server>((resolve) => {
    const server = createServer((socket) => {
      t.after(() => socket.destroy());
    }).listen(ports[0], '127.0.0.1', () => resolve(server));
  });
  t.after(() => silent.close());
  assert.equal((silent.address() as AddressInfo).port, ports[0]);
  assert.equal(await had(tierOf(ports)), chunks.length);
});

test('a node keeps its shards over a restart, and damage in them is noticed by who reads', async (t) => {
  const { path, remove } = workspace();
  t.after(remove);
  const directories = Array.from({ length: 5 }, (_, at) => join(path, String(at)));
  const before = await Promise.all(directories.map(async (directory) => opened(t, { directory })));
  await filled(before.map(({ port }) => port));
  for (const node of before) await node.close();
  const damaged = directories[2] ?? '';
  for (const file of readdirSync(damaged, { recursive: true, encoding: 'utf8' })) {
    if (/-[0-4]$/.test(file)) writeFileSync(join(damaged, file), Buffer.alloc(shardBytes, 'lies'));
  }
  const after = await Promise.all(
    directories.map(async (directory, at) => opened(t, { directory, port: before[at]?.port ?? 0 })),
  );
  const tier = tierOf(after.map(({ port }) => port));
  assert.equal(await had(tier), chunks.length);
  assert.ok(tier.counts.wrongShards > 0);
  assert.ok(after.some((node) => node.counts().diskHits > 0));
});

test('addresses that are none are refused', () => {
  for (const wrong of ['10.0.0.1:9000', 'https://a', 'http://a/path', '']) {
    assert.throws(() => cacheNodes({ nodes: [wrong], secret }), /a cache node's address is/);
  }
});
